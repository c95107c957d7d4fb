/* line.c - lines from a person or from a file: with editing, history and completion on a terminal. */
#include "src/cli/line.h"

#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include <histedit.h>

#include "src/base/memory.h"
#include "src/cli/cli.h"

#define HISTORY_LINES 1000
#define SHOWN_CANDIDATES 200

struct hu_line {
    EditLine *editor;           /* NULL: not a terminal */
    History *history;
    char history_file[PATH_MAX];
    const char *prompt;
    hu_line_complete *complete;
    void *context;
    char *text;                 /* of getline */
    size_t size;
    bool canceled;
};

/* --- Ctrl-C at the prompt --- */

static volatile sig_atomic_t stopped;

static void on_interrupt(int number)
{
    (void)number;
    stopped = 1;
}

static hu_line *of(EditLine *editor)
{
    void *l;
    el_get(editor, EL_CLIENTDATA, &l);
    return l;
}

/* Ctrl-C as a character: from a terminal that makes no signal of it. */
#define INTERRUPT_KEY 3

/* Reads one character. libedit's own reader would go on after a signal; this one ends the line. */
static int read_character(EditLine *editor, wchar_t *out)
{
    mbstate_t state;
    memset(&state, 0, sizeof state);
    for (;;) {
        char c;
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR && stopped)
            of(editor)->canceled = true;
        if (n < 0 && errno == EINTR && !stopped)
            continue;
        if (n <= 0)
            return (int)n;
        if (c == '\0')          /* what becomes of a Ctrl-D that came while the terminal still gathered lines */
            continue;
        if (c == INTERRUPT_KEY) {
            of(editor)->canceled = true;
            return 0;
        }
        size_t used = mbrtowc(out, &c, 1, &state);
        if (used == (size_t)-1) {
            *out = (unsigned char)c;
            return 1;
        }
        if (used != (size_t)-2)
            return 1;
    }
}

/* --- completion --- */

static size_t common_length(const char *a, const char *b, size_t n)
{
    size_t i = 0;
    while (i < n && a[i] == b[i])
        i++;
    return i;
}

/* The candidates in columns below the line. */
static void show_candidates(hu_line *l, const char *text)
{
    size_t widest = 0, replaced;
    const char *word;
    for (int i = 0; (word = l->complete(l->context, text, i, &replaced)); i++)
        if (strlen(word) > widest)
            widest = strlen(word);
    int columns = (int)(78 / (widest + 2));
    if (columns < 1)
        columns = 1;
    for (int i = 0; i < SHOWN_CANDIDATES && (word = l->complete(l->context, text, i, &replaced)); i++)
        fprintf(stderr, "%s%-*s", i % columns == 0 ? "\n" : "", (int)widest + 2, word);
    fputc('\n', stderr);
}

static unsigned char complete_word(EditLine *editor, wint_t key)
{
    (void)key;
    hu_line *l = of(editor);
    const LineInfo *line = el_line(editor);
    char text[1024], common[256] = "";
    size_t n = (size_t)(line->cursor - line->buffer), replaced = 0, length = 0;
    if (n >= sizeof text)
        return CC_ERROR;
    memcpy(text, line->buffer, n);
    text[n] = '\0';
    int candidates = 0;
    for (const char *word; (word = l->complete(l->context, text, candidates, &replaced)); candidates++) {
        if (candidates == 0) {
            snprintf(common, sizeof common, "%s", word);
            length = strlen(common);
        }
        length = common_length(common, word, length);
    }
    if (candidates == 0)
        return CC_ERROR;
    if (length > replaced) {
        common[length] = '\0';
        return el_insertstr(editor, common + replaced) == 0 ? CC_REFRESH : CC_ERROR;
    }
    if (candidates == 1)
        return CC_NORM;
    show_candidates(l, text);
    return CC_REDISPLAY;
}

/* --- history --- */

/* Makes the folders on the way to the file, those that are not there. */
static void make_folders(const char *file)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", file);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

static void open_history(hu_line *l)
{
    HistEvent event;
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (state && state[0] == '/')
        n = snprintf(l->history_file, sizeof l->history_file, "%s/halfulp/history", state);
    else if (home && home[0] == '/')
        n = snprintf(l->history_file, sizeof l->history_file, "%s/.local/state/halfulp/history", home);
    if (n < 0 || n >= (int)sizeof l->history_file)
        l->history_file[0] = '\0';
    history(l->history, &event, H_SETSIZE, HISTORY_LINES);
    history(l->history, &event, H_SETUNIQUE, 1);
    if (l->history_file[0])
        history(l->history, &event, H_LOAD, l->history_file);
}

static void save_history(hu_line *l)
{
    HistEvent event;
    if (!l->history_file[0])
        return;
    make_folders(l->history_file);
    if (history(l->history, &event, H_SAVE, l->history_file) < 0)
        hu_cli_note("the history could not be saved in %s: %s", l->history_file, strerror(errno));
}

/* --- lines --- */

static char *show_prompt(EditLine *editor)
{
    return (char *)(uintptr_t)of(editor)->prompt;
}

/* The editor counts characters. Nothing but their classes is taken from the locale. */
static void use_utf8(void)
{
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

static void open_editor(hu_line *l)
{
    use_utf8();
    l->editor = el_init("halfulp", stdin, stderr, stderr);
    l->history = history_init();
    if (!l->editor || !l->history)
        return;
    el_set(l->editor, EL_CLIENTDATA, l);
    el_set(l->editor, EL_PROMPT, show_prompt);
    el_set(l->editor, EL_EDITOR, "emacs");
    el_set(l->editor, EL_SIGNAL, 0);
    el_set(l->editor, EL_GETCFN, read_character);
    el_set(l->editor, EL_HIST, history, l->history);
    /* the wide call, since el_set would copy the two texts and lose them */
    el_wset(l->editor, EL_ADDFN, L"complete-word", L"complete the word before the cursor", complete_word);
    el_set(l->editor, EL_BIND, "^I", "complete-word", NULL);
    el_set(l->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    open_history(l);
}

hu_line *hu_line_new(hu_line_complete *complete, void *context)
{
    hu_line *l = hu_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->complete = complete;
    l->context = context;
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
        open_editor(l);
    return l;
}

void hu_line_free(hu_line *l)
{
    if (!l)
        return;
    if (l->editor && l->history)
        save_history(l);
    if (l->history)
        history_end(l->history);
    if (l->editor)
        el_end(l->editor);
    free(l->text);
    hu_free(l);
}

bool hu_line_is_terminal(const hu_line *l)
{
    return l->editor != NULL;
}

static hu_line_result edit(hu_line *l, const char **text)
{
    struct sigaction ours = {.sa_handler = on_interrupt}, before;
    int n = 0;
    stopped = 0;
    l->canceled = false;
    sigaction(SIGINT, &ours, &before);
    const char *line = el_gets(l->editor, &n);
    sigaction(SIGINT, &before, NULL);
    if (l->canceled) {
        el_reset(l->editor);
        fputs("^C\n", stderr);
        return HU_LINE_CANCELED;
    }
    *text = line;
    return line && n > 0 ? HU_LINE_READ : HU_LINE_END;
}

static hu_line_result read_plain(hu_line *l, const char **text)
{
    errno = 0;
    ssize_t n = getline(&l->text, &l->size, stdin);
    if (n < 0)
        return errno ? HU_LINE_FAILED : HU_LINE_END;
    if (n > 0 && l->text[n - 1] == '\n')
        l->text[n - 1] = '\0';
    *text = l->text;
    return HU_LINE_READ;
}

hu_line_result hu_line_read(hu_line *l, const char *prompt, const char **text)
{
    l->prompt = prompt;
    return l->editor ? edit(l, text) : read_plain(l, text);
}

void hu_line_remember(hu_line *l, const char *text)
{
    HistEvent event;
    if (l->history && text[strspn(text, " \t\n")])
        history(l->history, &event, H_ENTER, text);
}
