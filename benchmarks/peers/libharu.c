/* libharu through C: draws lines broken beforehand (layout is not counted), one PDF of all letters.
   Input: records "P" page, "T x y size spread utf8", "R x y w h", "G x0 y0 x1 y1" line, "S x y" seal; see libharu.py.
   Prints the CPU seconds of drawing and saving, without reading the input. */
#include <hpdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void on_error(HPDF_STATUS number, HPDF_STATUS detail, void *data) {
    fprintf(stderr, "libharu: error 0x%04lx detail %lu\n", (unsigned long)number, (unsigned long)detail);
    exit(1);
}

static void seal(HPDF_Page page, float x, float y) {
    HPDF_Page_GSave(page);
    HPDF_Page_SetRGBStroke(page, 0.8f, 0.1f, 0.1f);
    HPDF_Page_SetRGBFill(page, 0.8f, 0.1f, 0.1f);
    HPDF_Page_SetLineWidth(page, 3.4f);
    HPDF_Page_Circle(page, x, y, 58);
    HPDF_Page_Stroke(page);
    for (int point = 0; point < 10; point++) {
        float radius = point % 2 ? 9.5f : 25.0f;
        float angle = (float)(M_PI / 2 + point * M_PI / 5);
        float px = x + radius * cosf(angle), py = y + radius * sinf(angle);
        if (point) HPDF_Page_LineTo(page, px, py); else HPDF_Page_MoveTo(page, px, py);
    }
    HPDF_Page_Fill(page);
    HPDF_Page_GRestore(page);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    FILE *in = fopen(argv[1], "rb");
    if (!in) return 1;
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    rewind(in);
    char *data = malloc(size + 1);
    if (fread(data, 1, size, in) != (size_t)size) return 1;
    data[size] = 0;
    fclose(in);
    struct timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    HPDF_Doc pdf = HPDF_New(on_error, NULL);
    HPDF_SetCompressionMode(pdf, HPDF_COMP_ALL);
    HPDF_UseUTFEncodings(pdf);
    const char *name = HPDF_LoadTTFontFromFile2(pdf, "/usr/share/fonts/truetype/arphic/uming.ttc", 0, HPDF_TRUE);
    HPDF_Font font = HPDF_GetFont(pdf, name, "UTF-8");
    HPDF_Page page = NULL;
    for (char *line = data; *line;) {
        char *next = strchr(line, '\n');
        if (next) *next++ = 0; else next = line + strlen(line);
        char *at = line + 1;
        float a, b, c, d;
        if (*line == 'P') {
            page = HPDF_AddPage(pdf);
            HPDF_Page_SetWidth(page, 595.2756f);
            HPDF_Page_SetHeight(page, 841.8898f);
        } else {
            a = strtof(at, &at); b = strtof(at, &at);
            if (*line == 'S') { seal(page, a, b); line = next; continue; }
            c = strtof(at, &at); d = strtof(at, &at);
            if (*line == 'T') {
                HPDF_Page_BeginText(page);
                HPDF_Page_SetFontAndSize(page, font, c);
                HPDF_Page_SetCharSpace(page, d);
                HPDF_Page_TextOut(page, a, b, at + 1);
                HPDF_Page_EndText(page);
            } else if (*line == 'R') {
                HPDF_Page_Rectangle(page, a, b, c, d);
                if (*next != 'R') HPDF_Page_Fill(page);
            } else if (*line == 'G') {
                HPDF_Page_MoveTo(page, a, b);
                HPDF_Page_LineTo(page, c, d);
                if (*next != 'G') HPDF_Page_Stroke(page);
            }
        }
        line = next;
    }
    HPDF_SaveToFile(pdf, argv[2]);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    HPDF_Free(pdf);
    printf("%.6f\n", (double)(end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9);
    return 0;
}
