// The Runtime API with a stopwatch: starts a program, feeds it events, and times it. In C, because its own overhead is
// part of every figure. Each run times one program, so that the caller can alternate between programs.
//
// usage: runtime <events> <expected> <warm-up> <program> [<argument>...]
//
//     events     file with one event a line; an empty file times only the start
//     expected   text that every answer must contain
//     warm-up    number of first events to leave out of the warm figures
//
// Prints one JSON object. `next` and `first`: from spawn to the first `next` and to the first answer, in µs. `answers`:
// from each event to its answer, in µs; `cpu`: processor time of one event, in µs; both without the warm-up. `peak`:
// peak memory in KiB.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { timeout = 10 };  // seconds to wait for the program
static const char api[] = "/2018-06-01/runtime/";
static pid_t child;
static int server, client = -1;
static char request[1 << 20];
static size_t got;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    signal(SIGCHLD, SIG_DFL);
    if (child > 0) kill(child, SIGKILL);
    exit(1);
}

static void program_exited(int number) {
    static const char message[] = "the program exited\n";
    (void)number;
    _exit(write(2, message, sizeof message - 1) < 0 ? 2 : 1);
}

static double clock_of(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time)) fail("the program no longer exists");
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static double now(void) { return clock_of(CLOCK_MONOTONIC); }

static void accept_client(void) {
    int on = 1;
    struct timeval limit = {.tv_sec = timeout};
    client = accept4(server, 0, 0, SOCK_CLOEXEC);
    if (client < 0) fail("the program does not connect");
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

// Receives the next request, which must have this method and path, and returns its body.
static const char *receive(const char *method, const char *path) {
    if (client < 0) accept_client();
    got = 0;
    char *end = 0;
    size_t wanted = 0;
    while (!end || got < wanted) {
        ssize_t count = read(client, request + got, sizeof request - 1 - got);
        if (count == 0 && got == 0) {
            close(client);
            accept_client();
            continue;
        }
        if (count <= 0) fail("the program does not request %s", path);
        got += (size_t)count;
        request[got] = 0;
        if (!end && (end = strstr(request, "\r\n\r\n"))) {
            const char *length = strcasestr(request, "\r\ncontent-length:");
            wanted = (size_t)(end + 4 - request) + (length && length < end ? strtoul(length + 17, 0, 10) : 0);
            if (wanted >= sizeof request) fail("the program sends too much");
        }
    }
    char line[256];
    int length = snprintf(line, sizeof line, "%s %s%s ", method, api, path);
    if (strncmp(request, line, (size_t)length)) fail("the program does not request %s, but: %s", path, request);
    return end + 4;
}

static void reply(const char *text, size_t length) {
    if (write(client, text, length) != (ssize_t)length) fail("the program does not read its answer");
}

static void send_event(long number, const char *event, size_t length) {
    static char text[1 << 16];
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    int head = snprintf(
        text, sizeof text,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: %ld\r\n"
        "Lambda-Runtime-Deadline-Ms: %lld\r\n"
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:measured\r\n"
        "Lambda-Runtime-Trace-Id: Root=1-691ee8f2-4f2a1c0d3b5e6f708192a3b4\r\nContent-Length: %zu\r\n\r\n",
        number, (time.tv_sec + 10) * 1000LL, length);
    if ((size_t)head + length > sizeof text) fail("the event is too large");
    memcpy(text + head, event, length);
    reply(text, (size_t)head + length);
}

static long peak(void) {
    char path[64], line[256];
    long kibibytes = -1;
    snprintf(path, sizeof path, "/proc/%d/status", child);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) sscanf(line, "VmHWM: %ld", &kibibytes);
    if (!file || kibibytes < 0) fail("the program no longer exists");
    fclose(file);
    return kibibytes;
}

static void listen_for_program(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct timeval limit = {.tv_sec = timeout};
    server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (bind(server, (struct sockaddr *)&address, size) || listen(server, 16)) fail("cannot listen on a port");
    getsockname(server, (struct sockaddr *)&address, &size);
    char text[32];
    snprintf(text, sizeof text, "127.0.0.1:%d", ntohs(address.sin_port));
    setenv("AWS_LAMBDA_RUNTIME_API", text, 1);
}

static void start(char **words) {
    extern char **environ;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    int error = posix_spawn(&child, words[0], &files, 0, words, environ);
    if (error) fail("%s: %s", words[0], strerror(error));
    signal(SIGCHLD, program_exited);
    // It may have exited before the handler was set.
    if (waitpid(child, 0, WNOHANG)) fail("the program exited");
}

int main(int count, char **words) {
    if (count < 5) return 64;
    FILE *events = fopen(words[1], "r");
    if (!events) fail("cannot read %s", words[1]);
    const char *expected = words[2];
    long warm_up = atol(words[3]), number = 0;
    char *event = 0;
    size_t room = 0;
    ssize_t length;
    listen_for_program();

    double begun = now();
    start(words + 4);
    receive("GET", "invocation/next");
    printf("{\"next\":%.1f,\"answers\":[", now() - begun);
    clockid_t processor;
    if (clock_getcpuclockid(child, &processor)) fail("the program no longer exists");
    double first = 0, spent = clock_of(processor);
    for (; (length = getline(&event, &room, events)) > 0; number++) {
        if (number == warm_up) spent = clock_of(processor);
        double sent = now();
        send_event(number, event, (size_t)length);
        char path[64];
        snprintf(path, sizeof path, "invocation/%ld/response", number);
        const char *answer = receive("POST", path);
        double answered = now();
        if (!strstr(answer, expected)) fail("the program does not answer %s, but: %s", expected, answer);
        if (!number) first = answered - begun;
        if (number >= warm_up) printf("%s%.1f", number > warm_up ? "," : "", answered - sent);
        reply("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 44);
        receive("GET", "invocation/next");
    }
    if (number > warm_up) spent = (clock_of(processor) - spent) / (double)(number - warm_up);
    printf("],\"first\":%.1f,\"cpu\":%.2f,\"peak\":%ld}\n", first, spent, peak());
    signal(SIGCHLD, SIG_DFL);
    kill(child, SIGKILL);
    waitpid(child, 0, 0);
    return 0;
}
