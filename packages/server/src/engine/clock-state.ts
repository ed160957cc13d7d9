/** Where time stands, for operators. */
export interface ClockState {
  /** Engine time. */
  readonly nowMs: number;
  /** The clock of this machine. */
  readonly wallMs: number;
  /** Engine time does not follow a clock that has jumped; undefined: it is not so. */
  readonly held: HeldClock | undefined;
}

export interface HeldClock {
  /** Engine time when that began. */
  readonly fromMs: number;
  /** After so much more running the jump is accepted. */
  readonly leftMs: number;
  /** The incident, for people. */
  readonly incident: string;
}
