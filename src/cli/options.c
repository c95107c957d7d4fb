/* options.c - reads options by a table, and shows the table as help. */
#include "src/cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/nearest.h"

#define GO_ON (-1)
#define LARGEST_COUNT 65536
#define HELP_COLUMN 26

static void show_option(const char *name, const char *value, const char *help)
{
    char head[64];
    snprintf(head, sizeof head, "  --%s%s%s", name, value ? " " : "", value ? value : "");
    printf("%-*s", HELP_COLUMN, head);
    if (strlen(head) >= HELP_COLUMN)
        printf("\n%*s", HELP_COLUMN, "");
    for (; *help; help++) {
        putchar(*help);
        if (*help == '\n')
            printf("%*s", HELP_COLUMN, "");
    }
    putchar('\n');
}

static void show_help(const hu_usage *usage)
{
    const char *lead = "usage:";
    for (const char *line = usage->arguments; *line; lead = "      ") {
        size_t n = strcspn(line, "\n");
        printf("%s halfulp %s %.*s\n", lead, usage->command, (int)n, line);
        line += n + (line[n] == '\n');
    }
    printf("\n%s\noptions:\n", usage->text);
    for (const hu_option *o = usage->options; o->name; o++)
        show_option(o->name, o->value, o->help);
    show_option("help", NULL, "show this help");
}

static int read_word(const hu_usage *usage, const hu_option *o, const char *value)
{
    hu_option_word *word = o->target;
    char *end;
    bool digit = isdigit((unsigned char)value[0]) != 0;
    errno = 0;
    bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
    unsigned long long n = strtoull(value, &end, hex ? 16 : 10);
    if (!digit || *end || errno || (hex && !isxdigit((unsigned char)value[2])))
        return hu_cli_fail(HU_CLI_USAGE, "%s: --%s takes a number of up to 64 bits, such as 7 or 0x7; got '%s'",
                           usage->command, o->name, value);
    *word = (hu_option_word){.value = n, .given = true};
    return GO_ON;
}

static int read_count(const hu_usage *usage, const hu_option *o, const char *value)
{
    char *end;
    bool digit = isdigit((unsigned char)value[0]) != 0;
    int least = o->kind == HU_OPTION_TALLY ? 0 : 1;
    errno = 0;
    long n = strtol(value, &end, 10);
    if (!digit || *end || errno || n < least || n > LARGEST_COUNT)
        return hu_cli_fail(HU_CLI_USAGE, "%s: --%s takes a whole number from %d to %d; got '%s'",
                           usage->command, o->name, least, LARGEST_COUNT, value);
    *(int *)o->target = (int)n;
    return GO_ON;
}

static int read_value(const hu_usage *usage, const hu_option *o, const char *value)
{
    switch (o->kind) {
    case HU_OPTION_WORD:
        return read_word(usage, o, value);
    case HU_OPTION_COUNT:
    case HU_OPTION_TALLY:
        return read_count(usage, o, value);
    default:
        *(const char **)o->target = value;
        return GO_ON;
    }
}

static int unknown_option(const hu_usage *usage, const char *name)
{
    hu_nearest near = hu_nearest_to(name);
    hu_nearest_offer(&near, "help");
    for (const hu_option *o = usage->options; o->name; o++)
        hu_nearest_offer(&near, o->name);
    if (near.best)
        return hu_cli_fail(HU_CLI_USAGE, "%s: there is no option --%s; did you mean --%s?",
                           usage->command, name, near.best);
    return hu_cli_fail(HU_CLI_USAGE, "%s: there is no option --%s; 'halfulp help %s' lists them",
                       usage->command, name, usage->command);
}

/* Reads argv[*i], a long option, and the value after it where it needs one. */
static int read_option(const hu_usage *usage, int argc, char **argv, int *i)
{
    char name[64];
    const char *text = argv[*i] + 2;
    size_t n = strcspn(text, "=");
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    const hu_option *o = usage->options;
    while (o->name && strcmp(o->name, name) != 0)
        o++;
    if (!o->name)
        return unknown_option(usage, name);
    if (o->kind == HU_OPTION_SWITCH) {
        if (text[n] == '=')
            return hu_cli_fail(HU_CLI_USAGE, "%s: --%s takes no value; got '%s'", usage->command, name, text + n + 1);
        *(bool *)o->target = true;
        return GO_ON;
    }
    if (text[n] == '=')
        return read_value(usage, o, text + n + 1);
    if (*i + 1 >= argc)
        return hu_cli_fail(HU_CLI_USAGE, "%s: --%s needs a value: --%s %s", usage->command, name, name, o->value);
    return read_value(usage, o, argv[++*i]);
}

static bool is_argument(const char *text)
{
    if (text[0] != '-' || text[1] == '\0')
        return true;
    return isdigit((unsigned char)text[1]) || text[1] == '.' || strncasecmp(text + 1, "inf", 3) == 0 ||
           strncasecmp(text + 1, "nan", 3) == 0;
}

int hu_options_read(const hu_usage *usage, int *argc, char **argv)
{
    int left = 0;
    for (int i = 0; i < *argc; i++) {
        if (is_argument(argv[i])) {
            argv[left++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            while (++i < *argc)
                argv[left++] = argv[i];
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            show_help(usage);
            return HU_CLI_OK;
        } else if (argv[i][1] != '-') {
            return hu_cli_fail(HU_CLI_USAGE, "%s: there is no option %s; 'halfulp help %s' lists them",
                               usage->command, argv[i], usage->command);
        } else {
            int status = read_option(usage, *argc, argv, &i);
            if (status != GO_ON)
                return status;
        }
    }
    *argc = left;
    return GO_ON;
}
