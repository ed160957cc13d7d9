import type { AskedTransaction } from 'holdfast/engine/coordinator';

/** One step of the simulated workflow: an order to a bank. */
export interface FlowStep {
  readonly branchId: string;
  readonly url: string;
  readonly payload: string;
}

/** What a workflow is called back with, as its custom data says. */
export interface FlowCallback {
  readonly name: string;
  readonly input: string;
}

export const flowHost = 'flow';

export function customDataOf(name: string, steps: readonly FlowStep[]): string {
  const data = Buffer.from(JSON.stringify(steps)).toString('base64');
  return JSON.stringify({ name, data });
}

export function callbackOf({ customData }: AskedTransaction): FlowCallback {
  const { name, data }: { name: string; data: string } = JSON.parse(customData);
  return { name, input: Buffer.from(data, 'base64').toString() };
}

export function flowStepsOf(input: string): readonly FlowStep[] {
  return JSON.parse(input);
}
