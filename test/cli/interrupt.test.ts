import { expect, it, vi } from 'vitest';
import { catchInterrupts } from '../../src-ts/cli/interrupt.ts';

it('aborts at the first signal and takes an echo for the same one', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const interrupt = catchInterrupts();
  expect(interrupt.signal.aborted).toBe(false);
  process.emit('SIGINT', 'SIGINT');
  process.emit('SIGINT', 'SIGINT');
  expect(interrupt.signal.aborted).toBe(true);
  expect(interrupt.status()).toBe(130);
  expect(exit).not.toHaveBeenCalled();
  interrupt.release();
  expect(process.listenerCount('SIGINT')).toBe(0);
  exit.mockRestore();
});
