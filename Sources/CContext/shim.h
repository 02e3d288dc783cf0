#pragma once
#include <ucontext.h>

// Swift cannot call C's variadic functions, nor one that returns twice, such as getcontext.

/// Makes a context that calls `body` on the stack. `body` must not return.
static inline void ccontext_make(
    ucontext_t *context, void *stack, size_t size, void (*body)(void *argument), void *argument) {
    getcontext(context);
    context->uc_stack.ss_sp = stack;
    context->uc_stack.ss_size = size;
    context->uc_link = 0;
    // glibc passes an argument that has the size of a pointer whole.
    makecontext(context, (void (*)(void))body, 1, argument);
}
