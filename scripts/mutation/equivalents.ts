/** A mutant that no test can kill, because nothing that anybody can see is different. It does not count. */
export interface Equivalent {
  readonly file: string;
  /** The text of the line, without the spaces around it. */
  readonly line: string;
  readonly replacement: string;
  readonly why: string;
}

export const equivalents: readonly Equivalent[] = [];
