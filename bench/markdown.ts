import type { Budget } from './budget.ts';
import type { Machine } from './machine.ts';
import type { Spread } from './statistics.ts';

/** Rows of texts as a table of Markdown, the first row its head; numbers stand to the right. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...others] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...others.map(line)].join('\n');
}

export function budgetTable(budgets: readonly Budget[]): string {
  return markdownTable([
    ['budget', 'wanted', 'found', ''],
    ...budgets.map(({ name, wanted, found, isMet }) => [name, wanted, found, isMet ? 'met' : 'MISSED']),
  ]);
}

export function machineText(machine: Machine): string {
  const { processors, model, memoryGib, kernel, node, fileSystem, syncP50Us, syncP99Us } = machine;
  return (
    `${processors} processors (${model}), ${memoryGib} GiB, ${kernel}, Node ${node}; ${fileSystem}, ` +
    `4 KiB appended and synced in ${syncP50Us} us (p50), ${syncP99Us} us (p99).`
  );
}

/** `median (low-high)`. */
export function spreadText({ median, low, high }: Spread, digits = 0): string {
  if (Number.isNaN(median)) return '-';
  return `${median.toFixed(digits)} (${low.toFixed(digits)}-${high.toFixed(digits)})`;
}
