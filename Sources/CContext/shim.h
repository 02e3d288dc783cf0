#pragma once
#include <ucontext.h>

// Swift cannot call C's variadic functions, nor one that returns twice, such as getcontext.

/// Makes a context that calls `body` on the stack. `body` must not return. Returns 0, or -1 on failure.
static inline int ccontext_make(
    ucontext_t *context, void *stack, size_t size, void (*body)(void *argument), void *argument) {
    if (getcontext(context) != 0) return -1;
    context->uc_stack.ss_sp = stack;
    context->uc_stack.ss_size = size;
    context->uc_link = 0;
    // glibc passes an argument that has the size of a pointer whole.
    makecontext(context, (void (*)(void))body, 1, argument);
    return 0;
}
