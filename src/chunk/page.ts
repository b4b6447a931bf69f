/** The pages in which files are looked at for holes (docs/design.md 2). */

/** Bytes. Counted from the start of a file. */
export const PAGE = 64 * 1024;

const ZERO_PAGE = Buffer.alloc(PAGE);

/** Almost every page that is not zero says so in one of a few bytes. @param page where it starts; all of it is there */
export function isZeroPage(buffer: Uint8Array, page: number): boolean {
  return (
    buffer[page] === 0 &&
    buffer[page + PAGE / 2] === 0 &&
    buffer[page + PAGE - 1] === 0 &&
    ZERO_PAGE.compare(buffer, page, page + PAGE) === 0
  );
}
