// What a static C library would have to ask the system for: shared libraries, and name-service plug-ins of the very
// version it was linked with. Nothing of that is beside a program that runs alone, so the answer is given here: there
// is none. With these the linker takes none of the C library's own; deploy/package/check.py sees that it stays so.
//
// Who refers to them: libcrypto's BIO connections and loadable modules, which nobody here uses; c-ares, for services by
// name, where libcurl only ever gives numbers; the Swift runtime's search for a library of prepared metadata, which is
// made for Darwin.
#include <errno.h>
#include <netdb.h>
#include <stddef.h>

#define UNUSED __attribute__((unused))

void *dlopen(UNUSED const char *file, UNUSED int mode) {
    return NULL;
}

int getaddrinfo(
    UNUSED const char *restrict name, UNUSED const char *restrict service,
    UNUSED const struct addrinfo *restrict hints, UNUSED struct addrinfo **restrict result) {
    return EAI_FAIL;
}

void freeaddrinfo(UNUSED struct addrinfo *result) {}

int getnameinfo(
    UNUSED const struct sockaddr *restrict address, UNUSED socklen_t length, UNUSED char *restrict host,
    UNUSED socklen_t host_length, UNUSED char *restrict service, UNUSED socklen_t service_length, UNUSED int flags) {
    return EAI_FAIL;
}

struct hostent *gethostbyname(UNUSED const char *name) {
    return NULL;
}

struct servent *getservbyname(UNUSED const char *name, UNUSED const char *protocol) {
    return NULL;
}

int getservbyport_r(
    UNUSED int port, UNUSED const char *restrict protocol, UNUSED struct servent *restrict entry,
    UNUSED char *restrict buffer, UNUSED size_t size, struct servent **restrict result) {
    *result = NULL;
    return ENOENT;
}

// At every start the Swift runtime looks in a dozen places for the program that prints the trace of a crash, which is
// not there, and reads /proc/self/maps for the arguments, which nobody asks for. All of its settings being zero is "off".
char _swift_backtraceSettings[1024];

char **_swift_stdlib_getUnsafeArgvArgc(int *count) {
    static char *none[] = {NULL};
    *count = 0;
    return none;
}

void _swift_stdlib_overrideUnsafeArgvArgc(UNUSED char **arguments, UNUSED int count) {}

_Bool _swift_backtrace_isThunkFunction(UNUSED const char *name) {
    return 0;
}
