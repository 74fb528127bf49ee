// The library: everything the command line does, under the same names.
export { attackDataset, type RunOptions, type Watch } from './api/attack-dataset.ts';
export { fgsm, lbfgs } from './api/baselines.ts';
export type { AttackOptions, RunOptionsOf } from './api/attack-options.ts';
export { deepfool, type Images, type Results } from './api/deepfool.ts';
export { listDevices, openDevice, type Device, type DeviceOptions } from './api/device.ts';
export type { ImageInput, ReadOptions } from './api/images.ts';
export {
  describeModel,
  loadModel,
  type LoadModelOptions,
  type Model,
  type ModelDescription,
} from './api/model.ts';
export {
  finetuneModel,
  type FinetuneOptions,
  type FinetuneSummary,
  type FinetuneWatch,
} from './api/finetune.ts';
export { estimateAttack, type EstimateOptions } from './api/estimate.ts';
export type { MethodOptions } from './api/methods.ts';
export { planAttack, type PlanOptions } from './api/plan.ts';
export type { Result } from './api/result.ts';
export { tuneModel, type TuneOptions } from './api/tune.ts';
export {
  trainModel,
  type TrainingOptions,
  type TrainingProgress,
  type TrainSummary,
  type TrainWatch,
} from './api/train.ts';
export type { FgsmOptions } from './attack/fgsm/options.ts';
export type { LbfgsOptions } from './attack/lbfgs/options.ts';
export type { DeepFoolOptions } from './attack/options.ts';
export type { AttackImage, AttackRecord, AttackStatus } from './attack/record.ts';
export * from './core/errors.ts';
export { openDataset, type Dataset, type LoadOptions, type Sample } from './data/dataset.ts';
export type { DeviceInfo } from './executor/executor.ts';
export { NETWORKS, buildNetwork, type NetworkName } from './networks/index.ts';
export { formatEstimate, type Estimate } from './report/estimate.ts';
export { formatPlan, type StepPlan } from './report/plan.ts';
export { writeReport, type ReportOptions } from './report/report.ts';
export { formatSummary, type Summary } from './report/summary.ts';
export { formatTuning, type TunedStep } from './report/tuning.ts';
