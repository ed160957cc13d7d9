import { find, findOrInstall, type Toolchain } from './install.ts';

/** The balancer of `deploy/`. */
export function nginx(): Toolchain<string> {
  return findOrInstall('nginx', ['nginx-light'], 'macOS: brew install nginx', () => find('nginx'));
}
