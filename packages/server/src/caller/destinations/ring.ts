/**
 * Members in turn: `next` starts behind the one it gave last. A new member comes last in that order, so that one that
 * leaves and joins again at every turn cannot pass the others by. Each is in it at most once, which its user sees to.
 */
export class Ring<Member> {
  readonly #members: Member[] = [];
  #cursor = 0;

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    this.#members.splice(this.#cursor, 0, member);
    this.#cursor += 1;
  }

  remove(member: Member): void {
    const index = this.#members.indexOf(member);
    if (index === -1) return;
    this.#members.splice(index, 1);
    if (index < this.#cursor) this.#cursor -= 1;
  }

  /** The next one in turn that is eligible. */
  next(isEligible: (member: Member) => boolean): Member | undefined {
    const { length } = this.#members;
    for (let step = 0; step < length; step += 1) {
      const index = (this.#cursor + step) % length;
      const member = this.#members[index];
      if (member !== undefined && isEligible(member)) {
        this.#cursor = index + 1;
        return member;
      }
    }
    return undefined;
  }
}
