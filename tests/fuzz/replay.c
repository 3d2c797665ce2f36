/* replay: gives each file of a folder to the fuzz target, in a piece of memory of just its size. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

static void replay_file(const char *path)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &about) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t size = (size_t)about.st_size;
    unsigned char *data = malloc(size);
    if (size > 0 && fread(data, 1, size, file) != size) exit(EXIT_FAILURE);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    fclose(file);
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    int file_count = 0, count = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
    if (count < 0) {
        fprintf(stderr, "usage: %s folder-of-seeds\n", argv[0]);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            replay_file(path);
            file_count++;
        }
        free(entries[i]);
    }
    free(entries);
    printf("%d seeds\n", file_count);
    return file_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
