/* torch.nn.LSTMCell, forward and backward, as a program that conformance judges:
 *
 *     cc -O2 -o lstm_cell lstm_cell.c -lm
 *     conformance run nn.LSTMCell --implementation cmd:./lstm_cell
 *
 * The mathematics is in lstm_step.h. This file reads the arrays of a task directory and writes the answer, for
 * machines whose numbers are little-endian. docs/task_directory.md describes the files.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tgmath.h> /* exp and tanh of either precision */
#undef I /* which it takes for the imaginary unit */

#ifdef SWAP_GATES /* the wrong twin: the input gate and the forget gate change places */
enum { GATE_F, GATE_I, GATE_G, GATE_O };
#else
enum { GATE_I, GATE_F, GATE_G, GATE_O };
#endif

#define REAL float
#define STEP step_float
#include "lstm_step.h"
#undef REAL
#undef STEP
#define REAL double
#define STEP step_double
#include "lstm_step.h"

typedef struct {
    int given;  /* whether the file has it */
    int rank;
    long shape[2];
    long count; /* of its numbers */
    void *data;
} Array;

static const char *directory;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static void *zeros(long bytes) {
    void *memory = calloc(1, bytes ? bytes : 1);
    if (!memory) fail("no memory for %ld bytes", bytes);
    return memory;
}

static FILE *open_file(const char *name, const char *mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, mode);
    if (!file) fail("cannot open %s", path);
    return file;
}

/* Return a whole file, followed by a zero byte. */
static char *read_file(const char *name) {
    FILE *file = open_file(name, "rb");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = zeros(size + 1);
    if (fread(text, 1, size, file) != (size_t)size) fail("cannot read %s", name);
    fclose(file);
    return text;
}

/* Find an array in a safetensors file: 8 bytes with the length of the header, the header, and the numbers. */
static Array find(const char *file, const char *name) {
    Array found = {0};
    uint64_t length;
    memcpy(&length, file, 8);
    const char *header = file + 8, *numbers = header + length;
    char key[100];
    snprintf(key, sizeof key, "\"%s\":{", name);
    const char *entry = strstr(header, key);
    if (!entry || entry >= numbers) return found;
    found.given = 1;
    found.count = 1;
    const char *size = strstr(entry, "\"shape\":[") + strlen("\"shape\":[");
    while (*size != ']') {
        if (found.rank == 2) fail("%s has more than two dimensions", name);
        found.shape[found.rank] = strtol(size, (char **)&size, 10);
        found.count *= found.shape[found.rank++];
        if (*size == ',') size++;
    }
    long begin, end;
    sscanf(strstr(entry, "\"data_offsets\":["), "\"data_offsets\":[%ld,%ld]", &begin, &end);
    found.data = zeros(end - begin); /* a copy is aligned */
    memcpy(found.data, numbers + begin, end - begin);
    return found;
}

/* The answer: the header, and the numbers in the same order. */
static char header[4096] = "{";
static const void *parts[16];
static long sizes[16], total;
static int part_count;

static void answer(const char *name, const char *dtype, int size, Array like, const void *data) {
    char *at = header + strlen(header);
    at += sprintf(at, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", part_count ? "," : "", name, dtype);
    for (int k = 0; k < like.rank; k++) at += sprintf(at, k ? ",%ld" : "%ld", like.shape[k]);
    sprintf(at, "],\"data_offsets\":[%ld,%ld]}", total, total + like.count * size);
    parts[part_count] = data;
    sizes[part_count++] = like.count * size;
    total += like.count * size;
}

static void write_answer(void) {
    strcat(header, "}");
    uint64_t length = strlen(header);
    FILE *file = open_file("outputs.safetensors", "wb");
    fwrite(&length, 8, 1, file);
    fwrite(header, 1, length, file);
    for (int k = 0; k < part_count; k++) fwrite(parts[k], 1, sizes[k], file);
    if (ferror(file) | fclose(file)) fail("cannot write the answer");
}

/* Leave a reason instead of an answer: the task is skipped. */
static int decline(const char *reason) {
    FILE *file = open_file("unsupported.txt", "w");
    fprintf(file, "%s\n", reason);
    return fclose(file) ? 1 : 0;
}

int main(int count, char **arguments) {
    if (count != 2) fail("usage: %s TASK_DIR", arguments[0]);
    directory = arguments[1];
    if (!strstr(read_file("task.json"), "\"case\": \"nn.LSTMCell\"")) return decline("only nn.LSTMCell");

    const char *file = read_file("inputs.safetensors");
    Array x = find(file, "input"), h0 = find(file, "h0"), c0 = find(file, "c0");
    Array w_ih = find(file, "weight_ih"), w_hh = find(file, "weight_hh");
    Array b_ih = find(file, "bias_ih"), b_hh = find(file, "bias_hh");
    Array dh = find(file, "cotangent.h"), dc = find(file, "cotangent.c");
    if (!x.given || !w_ih.given || !w_hh.given || !dh.given || !dc.given) fail("an input is missing");

    const char *dtype = strstr(file + 8, "\"dtype\":\"F64\"") ? "F64" : "F32";
    int size = dtype[1] == '6' ? 8 : 4;
    /* Without a batch, the input and the states have one dimension. */
    long N = x.rank == 2 ? x.shape[0] : 1, I = w_ih.shape[1], H = w_hh.shape[1];
    long state = N * H * size;
    void *h = zeros(state), *c = zeros(state), *dx = zeros(N * I * size), *dh0 = zeros(state), *dc0 = zeros(state);
    void *dw_ih = zeros(4 * H * I * size), *dw_hh = zeros(4 * H * H * size), *db = zeros(4 * H * size);
    /* The state before the first step is zero where none is given. */
    void *from_h = h0.given ? h0.data : zeros(state), *from_c = c0.given ? c0.data : zeros(state);

    if (size == 4)
        step_float(N, I, H, x.data, from_h, from_c, w_ih.data, w_hh.data, b_ih.data, b_hh.data, h, c, dh.data,
                   dc.data, dx, dh0, dc0, dw_ih, dw_hh, db);
    else
        step_double(N, I, H, x.data, from_h, from_c, w_ih.data, w_hh.data, b_ih.data, b_hh.data, h, c, dh.data,
                    dc.data, dx, dh0, dc0, dw_ih, dw_hh, db);

    answer("h", dtype, size, dh, h);
    answer("c", dtype, size, dc, c);
    answer("grad.input", dtype, size, x, dx);
    answer("grad.weight_ih", dtype, size, w_ih, dw_ih);
    answer("grad.weight_hh", dtype, size, w_hh, dw_hh);
    if (h0.given) answer("grad.h0", dtype, size, h0, dh0);
    if (c0.given) answer("grad.c0", dtype, size, c0, dc0);
    if (b_ih.given) answer("grad.bias_ih", dtype, size, b_ih, db);
    if (b_hh.given) answer("grad.bias_hh", dtype, size, b_hh, db);
    write_answer();
    return 0;
}
