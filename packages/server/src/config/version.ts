import { readFileSync } from 'node:fs';

/** Holdfast's version, from the package it is installed as; without a leading v. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new Error('the package.json of holdfast names no version');
}
