// How a kernel takes an epilogue: shaders/common/epilogue.wgsl, its slots, buffers and parameter.
import { NO_BUFFER, type BufferRef } from '../kernels/kernel.ts';
import { elementsPerRow } from './lowering.ts';
import type { Epilogue, Operand } from './op-def.ts';

/** Extra operands, and row tables among them, that an epilogue can read. */
export const EPILOGUE_LIMITS = { extras: 2, tables: 1 } as const;

export const EPILOGUE_SLOTS = ['epilogue', 'load_e0', 'load_e1', 'row_shift'] as const;
export const EPILOGUE_BUFFERS = ['extra0', 'extra1', 'extra_table'] as const;

type Slots = Partial<Record<(typeof EPILOGUE_SLOTS)[number], string>>;

export function epilogueSlots(epilogue: Epilogue | null): Slots {
  if (epilogue === null) return {};
  const load = (extra: Operand, k: number): string =>
    extra.table === null ? `extra${k}[i]` : `extra${k}[i + shift]`;
  const [e0, e1] = epilogue.extras.map(load);
  const viewed = epilogue.extras.some(({ table }) => table !== null);
  return {
    epilogue: epilogue.expression,
    ...(e0 !== undefined && { load_e0: e0 }),
    ...(e1 !== undefined && { load_e1: e1 }),
    // Wraps around below zero, and back again where it is added.
    ...(viewed && { row_shift: '(u32(extra_table[row]) - row) * params.rowElements' }),
  };
}

export function epilogueBuffers(
  epilogue: Epilogue | null,
): Record<(typeof EPILOGUE_BUFFERS)[number], BufferRef> {
  const extras = extrasOf(epilogue);
  const table = extras.flatMap((extra) => extra.table ?? [])[0];
  return {
    extra0: extras[0]?.buffer ?? NO_BUFFER,
    extra1: extras[1]?.buffer ?? NO_BUFFER,
    extra_table: table ?? NO_BUFFER,
  };
}

export const extrasOf = (epilogue: Epilogue | null): readonly Operand[] => epilogue?.extras ?? [];

export const epilogueParams = (output: Operand) => ({ rowElements: elementsPerRow(output.shape) });
