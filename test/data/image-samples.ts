// Small image files for the tests: JPEGs and WebPs that PIL wrote, and PNGs made byte by byte, so that
// forms no encoder of ours writes can be read back.

import { crc32, deflateSync } from 'node:zlib';

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'base64'));
}

/** 8 x 8, every pixel 77 before compression, 76 after. */
export const GRAY_JPEG = decodeBase64(`
  /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERX
  RTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAABf/EABQQAQAA
  AAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AFf/Z`);

/** 16 x 8, R = 16 x, G = 32 y, B = 200, chroma subsampled. */
export const RGB_JPEG = decodeBase64(`
  /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERX
  RTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj
  Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAIABADASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAA
  AAQF/8QAGBAAAgMAAAAAAAAAAAAAAAAAAAQFIjH/xAAUAQEAAAAAAAAAAAAAAAAAAAAE/8QAGREAAgMBAAAAAAAA
  AAAAAAAAAAMEBSFR/9oADAMBAAIRAxEAPwCReCyhprwWUAGtks6Er5bc0//Z`);

/** 8 x 8 CMYK with Adobe's marker, so with inverted inks. */
export const CMYK_JPEG = decodeBase64(`
  /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcG
  BggLCAkKCgoKCgYICwwLCgwJCgoK/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAkI
  /8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwBDFeE0M4//2Q==`);

/** 16 x 8 gray, about 8 x + 16 y, with an EXIF block; the byte at EXIF_ORIENTATION says 6. */
export const EXIF_JPEG = decodeBase64(`
  /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDAAMCAgMCAgMD
  AwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAAIABABAREA
  /8QAFQABAQAAAAAAAAAAAAAAAAAABwj/xAAaEAAABwAAAAAAAAAAAAAAAAAABwgkM0JR/9oACAEBAAA/AAotk2xNcqKq
  LZNsTXKj/9k=`);
export const EXIF_ORIENTATION = 49;

/** 3 x 2, R = 40 x, G = 100 y, B = 7; lossless. */
export const WEBP = decodeBase64(`
  UklGRjAAAABXRUJQVlA4TCMAAAAvAkAAAC8wZAKBJJz9acaZg/kPFiKMAYEAZaw44JSI/sfyAgA=`);

/** Of two frames, 3 x 2; the first as WEBP. */
export const ANIMATED_WEBP = decodeBase64(`
  UklGRqgAAABXRUJQVlA4WAoAAAACAAAAAgAAAQAAQU5JTQYAAAAAAAAAAABBTk1GPAAAAAAAAAAAAAIAAAEAAGQAAAJW
  UDhMJAAAAC8CQAAALyAQSIYNa/BBmYP5jwwHDkAh2whw6F6PU7iI/sfyAkFOTUY4AAAAAAAAAAAAAgAAAQAAZAAAAFZQ
  OEwgAAAALwJAAAAvIBBIhg1r8EGZg/mPDAcOQCBAhnixIKL/sQE=`);

/** 40 x 24, progressive, chroma subsampled. */
export const PROGRESSIVE_JPEG = decodeBase64(`
  /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVG
  ZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8
  fHx8fHx8fHx8fHx8fHx8fHx8fHz/wgARCAAYACgDASIAAhEBAxEB/8QAGAABAQEBAQAAAAAAAAAAAAAAAAQCAQX/xAAY
  AQEBAAMAAAAAAAAAAAAAAAADAgABBf/aAAwDAQACEAMQAAAB8ujdMZDqrq1IrS26QOVjRu+A2//EABkQAAMBAQEAAAAA
  AAAAAAAAAAABAiEREv/aAAgBAQABBQLyTJM54FApJkSzhMikSJnOEyf/xAAYEQADAQEAAAAAAAAAAAAAAAAAAyEBAv/a
  AAgBAwEBPwFTKcsglkFbTnYJ2H//xAAaEQEAAwADAAAAAAAAAAAAAAABAAIREiEx/9oACAECAQE/ATuPEclkgpTZ5gSy
  7hP/xAAXEAEBAQEAAAAAAAAAAAAAAAABACAQ/9oACAEBAAY/AukYIwRf/8QAGxAAAgIDAQAAAAAAAAAAAAAAAAEQcREg
  IVH/2gAIAQEAAT8hUDroWjSxvQnZSo2M76PMQj//2gAMAwEAAgADAAAAEBvMXwg//8QAGxEAAgIDAQAAAAAAAAAAAAAA
  AAERsSFRgaH/2gAIAQMBAT8QiDI8tGTnVIfEbHlob5pH/8QAGREBAAMBAQAAAAAAAAAAAAAAAQARITFx/9oACAECAQE/
  EMZadMsaB6xSOxXgXDLCp//EAB8QAAICAgIDAQAAAAAAAAAAAAABESExQbHBUWGRgf/aAAgBAQABPxC7BeqNPtwWV89C
  leFnoswXqhCMS58DTTOPwYT99FmCMoVs0e/AmbRIV38GixLuvh//2Q==`);

/** 40 x 24, lossy, with alpha. */
export const LOSSY_WEBP = decodeBase64(`
  UklGRjgBAABXRUJQVlA4WAoAAAAQAAAAJwAAFwAAQUxQSAoAAAABB1CyiAhERP8DVlA4IAgBAACQBwCdASooABgAPxF2
  tlQsJqUjKrgKAYAiCWwAnTMOOrEyMKvg4EWFVfgBwIn+M1V4JoQbmTIp0eZhXIvDdilATHxUCgAA/vnXtcdBeIWUZxY4
  wm4ICyGz07MJNc2e9h9at1hO3LSMWV6byKp5DXHrCriEk+QvRXUbAWBcHkRvTnx83K4rDLHcgvHW8df2fgg5naHWx/z4
  Dx1Rv/Fxd+ARfv5zHEME6wo+ufoivdtHLcsmy/5/18bxS/JH+huipmdC+Bkye+VHkFnRM58c/67j4EeV5NuSJ1viW/qZ
  VwNHNaJ+Ij69RO8MX91UJ5KdL6MUo//3/5lB0GEPGJn/J3GJ0MfbTADCAAA=`);

export interface PngForm {
  readonly width: number;
  readonly height: number;
  /** 0 gray, 2 RGB, 3 palette, 6 RGB and alpha. */
  readonly colour: 0 | 2 | 3 | 6;
  readonly depth: 1 | 8 | 16;
  /** The bytes of each row, unfiltered. */
  readonly rows: readonly (readonly number[])[];
  readonly palette?: readonly number[];
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A PNG file of the given form; nothing in it is checked. */
export function makePng({ width, height, colour, depth, rows, palette }: PngForm): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(depth, 8);
  header.writeUInt8(colour, 9);
  const data = Uint8Array.from(rows.flatMap((row) => [0, ...row]));
  const file = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...(palette ? [chunk('PLTE', Uint8Array.from(palette))] : []),
    chunk('IDAT', deflateSync(data)),
    chunk('IEND', new Uint8Array(0)),
  ]);
  return Uint8Array.from(file);
}

/** All of them and some PNGs, by name: what fuzzing starts from. */
export function allSamples(): readonly (readonly [name: string, content: Uint8Array])[] {
  const row = (length: number): number[] => Array.from({ length }, (_, i) => (i * 37) % 256);
  const png = (form: Partial<PngForm> & Pick<PngForm, 'colour' | 'depth'>, length: number) =>
    makePng({ width: 8, height: 6, rows: Array<number[]>(6).fill(row(length)), ...form });
  return [
    ['sample-gray.jpg', GRAY_JPEG],
    ['sample-rgb.jpg', RGB_JPEG],
    ['sample-cmyk.jpg', CMYK_JPEG],
    ['sample-exif.jpg', EXIF_JPEG],
    ['sample-progressive.jpg', PROGRESSIVE_JPEG],
    ['sample-still.webp', WEBP],
    ['sample-lossy.webp', LOSSY_WEBP],
    ['sample-animated.webp', ANIMATED_WEBP],
    ['sample-gray1.png', png({ colour: 0, depth: 1 }, 1)],
    ['sample-gray16.png', png({ colour: 0, depth: 16 }, 16)],
    ['sample-rgb.png', png({ colour: 2, depth: 8 }, 24)],
    ['sample-rgba16.png', png({ colour: 6, depth: 16 }, 64)],
    ['sample-palette.png', png({ colour: 3, depth: 8, palette: row(768) }, 8)],
  ];
}
