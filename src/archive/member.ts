/** What stands in an archive under one name, before anything is believed of it. */

export interface Member {
  /** `link`: another name of what came before. */
  readonly kind: 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'device';
  /** As it stands there. */
  readonly name: Uint8Array;
  /** Permission bits, and those for setuid, setgid and sticky. */
  readonly mode: number;
  /** Microseconds since 1970. */
  readonly mtime: number;
  /** Of a file. Bytes. */
  readonly size: number;
  /** Of a symlink or link, as it stands there. */
  readonly target: Uint8Array;
  /** Whether it has extended attributes or ACLs. */
  readonly hasAttributes: boolean;
  /** The bytes of a file, part by part; each is good until the next one is asked for. What is not taken is passed over. */
  content(): AsyncGenerator<Uint8Array, void>;
}
