/* main.c - the program halfulp: finds the command and runs it. */
#include <stdio.h>

int main(void)
{
    fputs("halfulp: no command given\n", stderr);
    return 2;
}
