/** Every so many looks begin at the first row: what came to be ours meanwhile may lie before those of the last look. */
const wholeEvery = 10;

/**
 * Where a look at what an incarnation owns begins: at the lowest row of its last look, or of its claims since. What ended
 * long ago lies before that, and stays in the index for as long as somebody holds an old snapshot.
 */
export class LowestOwned {
  #incarnation = '';
  #lowest: number | undefined;
  #looks = 0;

  /**
   * Rows with this number or less are left out.
   * @param after as asked for: the place where the page before ended; '' for the first page of a look
   */
  before(incarnation: string, after: string): number {
    if (after !== '') return Number(after);
    const isWhole = incarnation !== this.#incarnation || this.#looks % wholeEvery === 0;
    if (incarnation !== this.#incarnation) this.#looks = 0;
    this.#incarnation = incarnation;
    this.#looks += 1;
    return isWhole || this.#lowest === undefined ? 0 : this.#lowest - 1;
  }

  /** @param place of the first row of that page; undefined: there was none */
  seen(after: string, place: string | undefined): void {
    if (after === '') this.#lowest = place === undefined ? undefined : Number(place);
  }

  /** Anything may be owned: the next looks begin at the first row, until one has seen some. */
  forget(): void {
    this.#lowest = undefined;
  }

  claimed(ids: readonly number[]): void {
    for (const id of ids) if (this.#lowest !== undefined && id < this.#lowest) this.#lowest = id;
  }
}
