/** What a store may be able to do beside THE interface, as `sqlite` is: whoever needs it says so by these types. */

import type { ClockMistake } from './earlier.ts';
import type { StoreError } from './store.ts';

/** A store that may have been made of a backup. */
export interface Restorable {
  /** Undefined: it was not, or that was told. */
  restored(): Promise<Restored | undefined>;
  /** It was told: no later start need tell it. */
  forgetRestored(): Promise<void>;
}

export interface Restored {
  /** The name of the backup. */
  readonly backup: string;
  /** When a transaction in it was last changed; 0: that is not known. */
  readonly newestMs: number;
  readonly restoredMs: number;
}

/** A store that may have found, as it opened, what an operator should know; nothing of it keeps it from serving. */
export interface Cautious {
  cautions(): readonly string[];
}

/** A store that is somewhere else, and can say where: for people, without passwords. */
export interface Placed {
  place(): string;
}

/** A store on a server: its tables can be changed before a version of Holdfast that needs it starts. */
export interface Migratable {
  /** While it is not open here. @throws StoreError with what to do */
  migrate(request: MigrationRequest): Promise<void>;
  /** The statements that `migrate` would run, for the server's own client. It needs no right to change anything. */
  migrationScript(request: MigrationRequest): Promise<string>;
}

export interface MigrationRequest {
  /** Remove what only earlier versions use, in place of adding what this one needs. */
  readonly isFinish: boolean;
}

/** A store that notices while it is open that it may not be the store of its name any more. */
export interface Watchful {
  /** From now on these are told, also what was noticed before. */
  watch(events: WatchEvents): void;
}

export interface WatchEvents {
  /** Why nothing is acknowledged now; undefined: it is again. */
  doubted(reason: string | undefined): void;
  /** What is written would be gone: the process must end. */
  lost(error: StoreError): void;
}

/** A store that may be on several hosts. */
export interface Hosted {
  /** From now on these are told, also of a split that has begun. */
  watchHosts(events: HostEvents): void;
}

export interface HostEvents {
  /** What an operator should know. */
  warned(message: string): void;
  /** Hosts take writes that must not be used, and somebody must stop them; undefined: not any more. */
  split(incident: string | undefined): void;
}

/** A store whose clock, and what was written by it, can be corrected while nobody else has it open. */
export interface ClockSettable {
  /**
   * What was written after `afterMs` gets times that are earlier by `byMs`, due times and time-outs included; then the
   * store's clock shows `afterMs`. Resolves with the number of transactions. After a crash it can be called again.
   */
  setBack(mistake: ClockMistake): Promise<number>;
}

/** A store that can copy itself while it is open. */
export interface BackupCapable {
  /**
   * Writes a consistent copy that opens as a store of its own, while commits go on. It is verified and on the disk when
   * this resolves; where it rejects, nothing of it is left.
   * @throws StoreError `bad-folder`; `full`, with the room it needs; `not-done`
   */
  backup(request?: BackupRequest): Promise<BackupFile>;
}

export interface BackupRequest {
  /** An absolute path, where a folder is already. Absent: the store has one. */
  readonly to?: string;
  /** So many backups are kept there, this one included; the oldest go once it is made. Absent: all. */
  readonly keep?: number;
}

export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  /** Paths of older backups that had to go. */
  readonly removed: readonly string[];
}
