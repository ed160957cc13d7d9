import type { NodeBeat } from '../store/nodes.ts';

/** A coordinator on this one's store, for operators. Times are engine time. */
export interface ShownNode {
  /** Its incarnation: the owner of what it drives. */
  readonly id: string;
  readonly name: string;
  /** Of the program. */
  readonly version: string;
  /** What its program knows of the format of what is stored. */
  readonly format: number;
  /** It is the one that was asked. */
  readonly isThis: boolean;
  /** It takes nothing new. */
  readonly isDraining: boolean;
  /** It was judged dead: others take over what it drove. */
  readonly isDead: boolean;
  readonly startedMs: number;
  /** Its last heartbeat. */
  readonly heardMs: number;
}

export function shownNode(beat: NodeBeat, own: string | undefined, isDead: boolean): ShownNode {
  const { incarnation: id, node: name, version, format, isDraining, isDrainAsked, startedMs, beatMs } = beat;
  const isThis = id === own;
  return {
    id,
    name,
    version,
    format,
    isThis,
    isDraining: isDraining || isDrainAsked,
    isDead,
    startedMs,
    heardMs: beatMs,
  };
}
