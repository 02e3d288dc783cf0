// The Runtime API, and the stopwatch: starts a program, feeds it events, and times it. In C, since what it adds is in
// every figure; one program a run, so that whoever calls it can let the programs take turns.
//
// usage: runtime <events> <wanted> <skipped> <program> [<argument>...]
//
//     events    file of one event a line; none at all when only the start is of interest
//     wanted    what every answer must contain
//     skipped   how many events at first are of no interest when warm
//
// Prints one JSON object: from spawn to the first `next`, and to the first answer, in µs; from event to answer in µs, and
// the processor time of an event in µs, of those that are not skipped; the peak of the memory in KiB.
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

enum { patience = 10 };  // seconds without a word from the program
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

static void has_ended(int number) {
    static const char words[] = "the program has ended\n";
    (void)number;
    _exit(write(2, words, sizeof words - 1) < 0 ? 2 : 1);
}

static double clock_of(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time)) fail("the program is gone");
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static double now(void) { return clock_of(CLOCK_MONOTONIC); }

static void welcome(void) {
    int on = 1;
    struct timeval limit = {.tv_sec = patience};
    client = accept4(server, 0, 0, SOCK_CLOEXEC);
    if (client < 0) fail("the program does not come");
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

// The body of the next request, which must be of that method and path and begins with `request`.
static const char *receive(const char *method, const char *path) {
    if (client < 0) welcome();
    got = 0;
    char *end = 0;
    size_t wanted = 0;
    while (!end || got < wanted) {
        ssize_t count = read(client, request + got, sizeof request - 1 - got);
        if (count == 0 && got == 0) {
            close(client);
            welcome();
            continue;
        }
        if (count <= 0) fail("the program does not ask for %s", path);
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
    if (strncmp(request, line, (size_t)length)) fail("the program does not ask for %s, but: %s", path, request);
    return end + 4;
}

static void reply(const char *text, size_t length) {
    if (write(client, text, length) != (ssize_t)length) fail("the program does not listen");
}

static void hand_over(long number, const char *event, size_t length) {
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
    if (!file || kibibytes < 0) fail("the program is gone");
    fclose(file);
    return kibibytes;
}

// Where the program finds the Runtime API.
static void serve(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct timeval limit = {.tv_sec = patience};
    server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (bind(server, (struct sockaddr *)&address, size) || listen(server, 16)) fail("no port");
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
    signal(SIGCHLD, has_ended);
    // It may have ended before that.
    if (waitpid(child, 0, WNOHANG)) fail("the program has ended");
}

int main(int count, char **words) {
    if (count < 5) return 64;
    FILE *events = fopen(words[1], "r");
    if (!events) fail("%s cannot be read", words[1]);
    const char *wanted = words[2];
    long skipped = atol(words[3]), number = 0;
    char *event = 0;
    size_t room = 0;
    ssize_t length;
    serve();

    double begun = now();
    start(words + 4);
    receive("GET", "invocation/next");
    printf("{\"next\":%.1f,\"answers\":[", now() - begun);
    clockid_t processor;
    if (clock_getcpuclockid(child, &processor)) fail("the program is gone");
    double first = 0, spent = clock_of(processor);
    for (; (length = getline(&event, &room, events)) > 0; number++) {
        if (number == skipped) spent = clock_of(processor);
        double handed = now();
        hand_over(number, event, (size_t)length);
        char path[64];
        snprintf(path, sizeof path, "invocation/%ld/response", number);
        const char *answer = receive("POST", path);
        double answered = now();
        if (!strstr(answer, wanted)) fail("the program does not answer %s, but: %s", wanted, answer);
        if (!number) first = answered - begun;
        if (number >= skipped) printf("%s%.1f", number > skipped ? "," : "", answered - handed);
        reply("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 44);
        receive("GET", "invocation/next");
    }
    if (number > skipped) spent = (clock_of(processor) - spent) / (double)(number - skipped);
    printf("],\"first\":%.1f,\"cpu\":%.2f,\"peak\":%ld}\n", first, spent, peak());
    signal(SIGCHLD, SIG_DFL);
    kill(child, SIGKILL);
    waitpid(child, 0, 0);
    return 0;
}
