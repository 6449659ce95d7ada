/*
 * cmdhelp.h - the table of commands as texts: help, completion, manual.
 *
 * Pure: everything goes into a buffer.
 */
#ifndef API_CTL_CMDHELP_H
#define API_CTL_CMDHELP_H

#include "api/ctl/command.h"
#include "common/base/buf.h"

/** cmdhelp_all() - every group and command, one line each, global options */
void cmdhelp_all(struct buf *out);

/** cmdhelp_group() - the commands of a group */
void cmdhelp_group(struct buf *out, const char *group);

/** cmdhelp_command() - synopsis, text, options */
void cmdhelp_command(struct buf *out, const struct command *c);

/** cmdhelp_synopsis() - "zone add [options] ZONE" */
void cmdhelp_synopsis(struct buf *out, const struct command *c);

/**
 * cmdhelp_complete() - what may stand where the last word is
 * @words: behind the program's name; the last is the one that is begun
 *
 * One candidate a line. The line "<file>" stands for the shell's own files.
 */
void cmdhelp_complete(struct buf *out, const char *const *words,
    size_t n_words);

/** cmdhelp_script() - for "bash" or "zsh"; false for another shell */
bool cmdhelp_script(struct buf *out, const char *shell);

/** cmdhelp_manual() - COMMANDS, OPTIONS and EXIT STATUS of understudyctl(1),
 *  in scdoc */
void cmdhelp_manual(struct buf *out);

/** cmdhelp_options_manual() - the options of understudy.conf(5), in scdoc */
void cmdhelp_options_manual(struct buf *out);

#endif
