/** The parts of a `multipart/related` body (RFC 2046, 2387). */

const HEADERS_END = '\r\n\r\n';

/** @returns none if it is no such body, or is not complete */
export function partsOf(contentType: string, body: Buffer): readonly Buffer[] {
  const boundary = /boundary=(?:"([^"]+)"|([^\s;]+))/.exec(contentType);
  const delimiter = `--${boundary?.[1] ?? boundary?.[2] ?? ''}`;
  const parts: Buffer[] = [];
  let at = body.indexOf(delimiter);
  for (;;) {
    if (at < 0) return [];
    const start = at + delimiter.length;
    if (body.subarray(start, start + 2).toString('latin1') === '--') return parts;
    at = body.indexOf(`\r\n${delimiter}`, start);
    if (at < 0) return [];
    const content = body.indexOf(HEADERS_END, start) + HEADERS_END.length;
    parts.push(body.subarray(content, at));
    at += 2;
  }
}
