/** The nouns of the command line, each with its verbs in a module of its own. */

import type { Command } from 'commander';

import type { Invocation } from './invocation.ts';
import { registerVersion } from './version.ts';

/** Gives the command of a noun its verbs. */
export type Register = (noun: Command, invocation: Invocation) => void;

interface Noun {
  readonly summary: string;
  /** Loaded when the noun is used: others do not cost a start anything. */
  readonly load: () => Promise<Register>;
}

export const NOUNS: Readonly<Record<string, Noun>> = {
  workspaces: {
    summary: 'save directories, look into what was saved, bring it back',
    load: async () => (await import('./workspaces.ts')).registerWorkspaces,
  },
  runs: {
    summary: 'task graphs that hand each other files: start, restart, look into',
    load: async () => (await import('./runs.ts')).registerRuns,
  },
  sessions: {
    summary: 'agents at work: their files, checkpoints, runners; suspend here, resume there',
    load: async () => (await import('./sessions.ts')).registerSessions,
  },
  runner: {
    summary: 'work for sessions on this machine, until it is stopped',
    load: async () => (await import('./runner.ts')).registerRunner,
  },
  executors: {
    summary: 'what tasks of runs can run on',
    load: async () => (await import('./executors.ts')).registerExecutors,
  },
  store: {
    summary: 'the chunk store: figures, verification, repair of the index',
    load: async () => (await import('./store.ts')).registerStore,
  },
  events: {
    summary: 'what happened to workspaces and sessions, and what happens',
    load: async () => (await import('./events.ts')).registerEvents,
  },
  keys: {
    summary: 'the root key: state, rotation, recovery',
    load: async () => (await import('./keys.ts')).registerKeys,
  },
  config: {
    summary: 'the configuration file',
    load: async () => (await import('./config.ts')).registerConfig,
  },
  completion: {
    summary: 'print a script that completes commands in bash, zsh or fish',
    load: async () => (await import('./completion.ts')).registerCompletion,
  },
  version: {
    summary: 'print the version',
    load: async () => registerVersion,
  },
};
