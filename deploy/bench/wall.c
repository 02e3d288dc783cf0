// The libcurl floor: what a program costs that sends the same requests as verify-signature, over the same libcurl and
// OpenSSL, and does nothing else. Signs and sends GetParameters while two connections open, then continues like floor.c.
// The difference to verify-signature is the cost of our own code. deploy/bench/run builds it.
//
// usage: wall [calls]     calls: sends the two signed requests of an accepted event before each response
#define _GNU_SOURCE
#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static CURLM *multi;
static char id[128];

static size_t drop(char *data, size_t size, size_t count, void *context) {
    (void)data, (void)context;
    return size * count;
}

static size_t take_header(char *data, size_t size, size_t count, void *context) {
    (void)context;
    char line[256];
    snprintf(line, sizeof line, "%.*s", (int)(size * count), data);
    if (!strncasecmp(line, "lambda-runtime-aws-request-id:", 30)) sscanf(line + 30, " %127[^\r]", id);
    return size * count;
}

static void prepare(CURL *handle, const char *url) {
    curl_easy_reset(handle);
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
}

// Sends all requests concurrently and waits for the answers.
static void perform(CURL **handles, int count) {
    for (int each = 0; each < count; each++) curl_multi_add_handle(multi, handles[each]);
    int running, left;
    do {
        if (curl_multi_perform(multi, &running)) exit(1);
        for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));)
            if (message->data.result) exit(1);
        if (running) curl_multi_poll(multi, 0, 0, 1000, 0);
    } while (running);
    for (int each = 0; each < count; each++) curl_multi_remove_handle(multi, handles[each]);
}

static const char *aws(void) {
    static char url[256];
    snprintf(url, sizeof url, "%s/", getenv("AWS_ENDPOINT_URL"));
    return url;
}

// A signed request to AWS. libcurl reads `body` and the returned headers while it sends.
static struct curl_slist *prepare_call(
    CURL *handle, const char *type, const char *target, const char *signature, const char *body) {
    prepare(handle, aws());
    struct curl_slist *headers = curl_slist_append(curl_slist_append(0, type), target);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, signature);
    curl_easy_setopt(handle, CURLOPT_USERPWD, "x:x");
    return headers;
}

static void warm_up(CURL **handles) {
    struct curl_slist *headers = prepare_call(
        handles[0], "Content-Type: application/x-amz-json-1.1", "X-Amz-Target: AmazonSSM.GetParameters",
        "aws:amz:eu-west-1:ssm", "{\"Names\":[\"/secret\"],\"WithDecryption\":true}");
    for (int each = 1; each < 3; each++) {
        prepare(handles[each], aws());
        curl_easy_setopt(handles[each], CURLOPT_NOBODY, 1L);
    }
    perform(handles, 3);
    curl_slist_free_all(headers);
}

// The bodies are as long as verify-signature's: what they say changes nothing here.
enum { transaction = 2386, event = 248 };

static void call(CURL **handle, const char *type, const char *target, const char *signature, int length) {
    static char body[transaction + 1];
    snprintf(body, sizeof body, "%*s", length, "{}");
    struct curl_slist *headers = prepare_call(*handle, type, target, signature, body);
    perform(handle, 1);
    curl_slist_free_all(headers);
}

static void accept_request(CURL **handle) {
    call(
        handle, "Content-Type: application/x-amz-json-1.0", "X-Amz-Target: DynamoDB_20120810.TransactWriteItems",
        "aws:amz:eu-west-1:dynamodb", transaction);
    call(
        handle, "Content-Type: application/x-amz-json-1.1", "X-Amz-Target: AWSEvents.PutEvents",
        "aws:amz:eu-west-1:events", event);
}

int main(int count, char **arguments) {
    // As in Sources/HTTP/OpenSSL.swift.
    OPENSSL_init_crypto(
        OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
            OPENSSL_INIT_NO_ADD_ALL_DIGESTS, 0);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    CURL *handles[] = {curl_easy_init(), curl_easy_init(), curl_easy_init()};
    warm_up(handles);
    int accepts = count > 1 && !strcmp(arguments[1], "calls");
    char url[512];
    for (;;) {
        snprintf(url, sizeof url, "http://%s/2018-06-01/runtime/invocation/next", getenv("AWS_LAMBDA_RUNTIME_API"));
        prepare(handles[0], url);
        perform(handles, 1);
        if (accepts) accept_request(handles);
        snprintf(
            url, sizeof url, "http://%s/2018-06-01/runtime/invocation/%s/response", getenv("AWS_LAMBDA_RUNTIME_API"), id);
        prepare(handles[0], url);
        curl_easy_setopt(handles[0], CURLOPT_POSTFIELDS, "{}");
        perform(handles, 1);
    }
}
