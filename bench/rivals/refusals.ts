// A rival whose work the device drops would look fast.

/** Watches what the device refuses from now on; the function it gives throws if there was any. */
export function watchRefusals(name: string, device: GPUDevice): () => void {
  const refusals: string[] = [];
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // it is told below, as an error that ends the bench, not as a warning
    refusals.push(event.error.message);
  });
  return () => {
    if (refusals.length > 0) throw new Error(`${name}: work refused: ${refusals[0]!}`);
  };
}
