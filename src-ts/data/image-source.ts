// What images come from.

/** A file's path, or its content. */
export type ImageSource = string | Uint8Array;

/** What errors call an image. */
export function labelOf(source: ImageSource): string {
  return typeof source === 'string' ? source : `image of ${source.length} bytes`;
}
