// Says what bytes that are not an ONNX model look like, so that the error names the likely mistake.

interface Signature {
  readonly bytes: readonly number[];
  readonly at?: number;
  readonly found: string;
}

const ascii = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

const SIGNATURES: readonly Signature[] = [
  { bytes: ascii('version https://git-lfs'), found: 'a Git LFS pointer: fetch the file itself' },
  {
    bytes: [0x50, 0x4b, 3, 4],
    found: 'a ZIP archive, such as a PyTorch .pt file: export it to ONNX',
  },
  {
    bytes: [0x89, ...ascii('HDF')],
    found: 'an HDF5 file, such as a Keras model: convert it to ONNX',
  },
  { bytes: ascii('TFL3'), at: 4, found: 'a TensorFlow Lite model: convert it to ONNX' },
  { bytes: [0x1f, 0x8b], found: 'a gzip archive: unpack it' },
  { bytes: [0x80, 2], found: 'a Python pickle: export the model to ONNX' },
  { bytes: [0x89, ...ascii('PNG')], found: 'a PNG image' },
  { bytes: [0xff, 0xd8, 0xff], found: 'a JPEG image' },
  { bytes: ascii('ORTM'), at: 4, found: 'a model in the ORT format: use the .onnx file' },
];

/** What the bytes look like, or null when nothing is recognised. */
export function recogniseBytes(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return 'an empty file';
  for (const { bytes: signature, at = 0, found } of SIGNATURES) {
    if (signature.every((byte, i) => bytes[at + i] === byte)) return found;
  }
  if (!isText(bytes.subarray(0, 256))) return null;
  const start = new TextDecoder().decode(bytes.subarray(0, 256)).trimStart().toLowerCase();
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'an HTML page';
  if (start.startsWith('{') || start.startsWith('[')) return 'a JSON file';
  return 'a text file';
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every(
    (byte) => (byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13,
  );
}
