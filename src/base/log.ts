/** What a program tells of its steps to who wants to watch. Never a secret, nor anything of a file's content. */
export type Log = (step: string) => void;
