// Image networks with random weights, by family: tiny ones for tests, full-size ones for measurements.
import { alexNet, googleNet, inceptionV3, nin, squeezeNet, vgg } from './classic.ts';
import type { Scale } from './layers.ts';
import { efficientNetB0, mnasNet, mobileNetV1, mobileNetV2, mobileNetV3 } from './mobile.ts';
import { basicResNet, bottleneckResNet, denseNet, regNetY, shuffleNetV2 } from './residual.ts';
import { TokenNet } from './tokens.ts';
import { convNeXt, deit, mixer, swin, vit } from './transformers.ts';

interface Family {
  /** Writes the nodes and returns the name of the scores. */
  readonly build: (net: TokenNet) => string;
  readonly opset?: number;
  readonly batchNorm?: 'node' | 'folded';
  /** What differs from the scale of tests. */
  readonly tiny?: Partial<Scale>;
}

const FULL: Scale = { size: 224, width: 1, depth: Infinity, classes: 1000 };
const TINY: Scale = { size: 32, width: 1 / 8, depth: 1, classes: 10 };
const TWO_BLOCKS = { depth: 2 };

const FAMILIES = {
  alexnet: { build: alexNet, tiny: { size: 64, width: 1 / 16 } },
  vgg11: { build: vgg([1, 1, 2, 2, 2]), tiny: { width: 1 / 16 } },
  vgg19: { build: vgg([2, 2, 4, 4, 4]), tiny: { width: 1 / 16, depth: 2 } },
  nin: { build: nin, opset: 11, tiny: { size: 64, width: 1 / 16 } },
  squeezenet: { build: squeezeNet, tiny: TWO_BLOCKS },
  googlenet: { build: googleNet, opset: 8 },
  inception_v3: { build: inceptionV3, tiny: { size: 80, width: 1 / 16 } },
  resnet18: { build: basicResNet([2, 2, 2, 2]), batchNorm: 'node', tiny: TWO_BLOCKS },
  resnet50: { build: bottleneckResNet([3, 4, 6, 3]), tiny: TWO_BLOCKS },
  resnext50: { build: bottleneckResNet([3, 4, 6, 3], 32, 4), batchNorm: 'node' },
  densenet121: { build: denseNet([6, 12, 24, 16]), tiny: TWO_BLOCKS },
  shufflenet_v2: {
    build: shuffleNetV2([116, 232, 464], [4, 8, 4]),
    batchNorm: 'node',
    tiny: TWO_BLOCKS,
  },
  regnet_y_400mf: { build: regNetY([48, 104, 208, 440], [1, 3, 6, 6], 8) },
  mobilenet_v1: { build: mobileNetV1, batchNorm: 'node' },
  mobilenet_v2: { build: mobileNetV2, tiny: TWO_BLOCKS },
  mobilenet_v3: { build: mobileNetV3, opset: 14 },
  mnasnet: { build: mnasNet },
  efficientnet_b0: { build: efficientNetB0, tiny: TWO_BLOCKS },
  convnext_tiny: { build: convNeXt([96, 192, 384, 768], [3, 3, 9, 3]) },
  convnext_tiny_opset17: { build: convNeXt([96, 192, 384, 768], [3, 3, 9, 3]), opset: 17 },
  vit_b_16: { build: vit(768, 12), tiny: { width: 1 / 24, depth: 2 } },
  vit_b_16_opset17: { build: vit(768, 12), opset: 17, tiny: { width: 1 / 24 } },
  deit_tiny: { build: deit(192, 12) },
  swin_tiny: { build: swin(96, [2, 2, 6, 2], 7), tiny: TWO_BLOCKS },
  mixer_s_16: { build: mixer(512, 8), tiny: { width: 1 / 16 } },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;

export const familyNames = Object.keys(FAMILIES) as readonly FamilyName[];

export interface Network {
  readonly bytes: Uint8Array;
  readonly scale: Scale;
}

/** A network with random weights, the same in every run and for every batch of the export. */
export function buildNetwork(
  name: FamilyName,
  size: 'tiny' | 'full',
  batch: number | 'batch' = 'batch',
): Network {
  const family: Family = FAMILIES[name];
  const { build, opset = 13, batchNorm = 'folded', tiny } = family;
  const scale = size === 'full' ? FULL : { ...TINY, ...tiny };
  const net = new TokenNet(scale, { opset, batchNorm, batch });
  const logits = build(net);
  return { bytes: net.finish(logits, 'output', [batch, scale.classes]), scale };
}
