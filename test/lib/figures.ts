/** The value below which the share `of` (0..1) of all lies. */
export function percentile(values: readonly number[], of: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? 0;
}

export function distribution(values: readonly number[]): string {
  const [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1].map((of) => percentile(values, of).toFixed(0));
  return `${values.length} values, p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, max ${max} ms`;
}
