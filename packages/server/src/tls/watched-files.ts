import { readFileSync, type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { certificatesIn, type Expiry, expiryOf } from './pem.ts';

/** A file that a setting names. */
export interface NamedFile {
  readonly setting: string;
  readonly path: string;
  /** A key has no expiry. */
  readonly holds: 'certificates' | 'key';
}

export interface NamedExpiry extends Expiry {
  /** That names the file. */
  readonly setting: string;
}

export interface WatchedFilesParts<Value> {
  /** For people and metrics, as `grpc.tls`. */
  readonly name: string;
  readonly files: readonly NamedFile[];
  /**
   * What is made of their contents, which are in the order of the files.
   * @throws Error where they cannot be used, or do not fit together
   */
  make(contents: readonly Buffer[]): Value;
}

/** A value that may be another one later. */
export interface Changing<Value> {
  readonly value: Value;
  /** Called with each later value. */
  onChange(listener: (value: Value) => void): void;
}

/** What a look at the files found; `broken`: the former value stays. */
export type Look =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed' }
  | { readonly kind: 'broken'; readonly problem: string };

/**
 * Files of certificates and keys, and what is made of them: made at once, and anew whenever a look finds other contents.
 * Contents are compared, not times: renewals replace files, rename them, or swap a symbolic link above them (Kubernetes).
 */
export class WatchedFiles<Value> implements Changing<Value> {
  readonly name: string;
  readonly #parts: WatchedFilesParts<Value>;
  readonly #listeners: ((value: Value) => void)[] = [];
  #contents: readonly Buffer[];
  #expiries: readonly NamedExpiry[];
  #value: Value;

  /** @throws Error naming the setting whose file cannot be read or used */
  constructor(parts: WatchedFilesParts<Value>) {
    this.name = parts.name;
    this.#parts = parts;
    this.#contents = parts.files.map(({ setting, path }) => {
      return named(setting, () => {
        mustBeFile(statSync(resolve(path)), path);
        return readFileSync(resolve(path));
      });
    });
    this.#value = this.#make(this.#contents);
    this.#expiries = expiriesOf(parts.files, this.#contents);
  }

  get value(): Value {
    return this.#value;
  }

  onChange(listener: (value: Value) => void): void {
    this.#listeners.push(listener);
  }

  /** When the certificates in use end, by the setting that names their file. */
  get expiries(): readonly NamedExpiry[] {
    return this.#expiries;
  }

  async look(): Promise<Look> {
    try {
      const contents: Buffer[] = [];
      for (const { setting, path } of this.#parts.files) {
        contents.push(
          await read(path).catch((cause: unknown) => {
            throw new Error(`${setting}: ${textOf(cause)}`, { cause });
          }),
        );
      }
      if (contents.every((content, index) => this.#contents[index]?.equals(content))) return { kind: 'same' };
      const value = this.#make(contents);
      this.#contents = contents;
      this.#expiries = expiriesOf(this.#parts.files, contents);
      this.#value = value;
      for (const listener of this.#listeners) listener(value);
      return { kind: 'changed' };
    } catch (error) {
      // Nothing was changed: what is in use is the last that worked.
      return { kind: 'broken', problem: textOf(error) };
    }
  }

  #make(contents: readonly Buffer[]): Value {
    for (const [index, { setting, path, holds }] of this.#parts.files.entries()) {
      const content = contents[index];
      if (holds === 'certificates' && content !== undefined)
        named(`${setting}: ${resolve(path)}`, () => certificatesIn(content));
    }
    return named(this.name, () => this.#parts.make(contents));
  }
}

async function read(path: string): Promise<Buffer> {
  mustBeFile(await stat(resolve(path)), path);
  return readFile(resolve(path));
}

/** A pipe would be waited for without end, and the end of the process with it. */
function mustBeFile(found: Stats, path: string): void {
  if (!found.isFile()) throw new Error(`${resolve(path)} is not a file`);
}

function expiriesOf(files: readonly NamedFile[], contents: readonly Buffer[]): readonly NamedExpiry[] {
  return files.flatMap(({ setting, holds }, index) => {
    const content = contents[index];
    const expiry = holds === 'key' || content === undefined ? undefined : expiryOf(certificatesIn(content));
    return expiry === undefined ? [] : [{ setting, ...expiry }];
  });
}

/** What goes wrong is told with the name of the setting. */
function named<Result>(setting: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    throw new Error(`${setting}: ${textOf(cause)}`, { cause });
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
