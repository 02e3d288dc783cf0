// Replaces the functions of a static C library that load files from the system: shared libraries, and name-service
// plug-ins of exactly the version it was linked with. A program alone in its root has neither, so each function here
// answers "there is none". With these definitions the linker takes none of the C library's own, and
// deploy/package/check.py verifies that.
//
// They are referenced by libcrypto (BIO connections and loadable modules, which the programs do not use), by c-ares
// (services by name, where libcurl only passes numbers) and by the Swift runtime (its search for a library of
// prespecialised metadata, which exists on Darwin only).
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

// At every start the Swift runtime searches a dozen places for the program that prints a crash's backtrace, which is
// not there, and reads /proc/self/maps for the arguments, which the programs do not use. Settings of all zeros mean
// "off".
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
