/** A mutant that no test can kill, because nothing that anybody can see is different. It does not count. */
export interface Equivalent {
  readonly file: string;
  /** The text of the line, without the spaces around it. */
  readonly line: string;
  readonly replacement: string;
  readonly why: string;
}

export const equivalents: readonly Equivalent[] = [
  {
    file: 'packages/core/src/answer.ts',
    line: 'default:',
    replacement: 'default:',
    why: 'the compiler shows that no value gets there',
  },
  {
    file: 'packages/core/src/answer.ts',
    line: "return isAction && definition.options.retryLimit > 0 && progress.status === 'submitted';",
    replacement: 'true',
    why: 'in another status no answer of an action is expected, and this is not asked',
  },
  {
    file: 'packages/core/src/apply.ts',
    line: 'default:',
    replacement: 'default:',
    why: 'the compiler shows that no value gets there',
  },
  {
    file: 'packages/core/src/apply.ts',
    line: "if (definition.type !== 'workflow' || progress.dueMs <= atMs) return transaction;",
    replacement: 'progress.dueMs < atMs',
    why: 'due at that time already, it is made due at that time',
  },
  {
    file: 'packages/core/src/attempts.ts',
    line: 'if (text.length * 3 <= bytes) return text;',
    replacement: 'false',
    why: 'a shortcut: counting gives the same',
  },
  {
    file: 'packages/core/src/attempts.ts',
    line: 'if (text.length * 3 <= bytes) return text;',
    replacement: 'text.length * 3 < bytes',
    why: 'a shortcut: counting gives the same',
  },
  {
    file: 'packages/core/src/custom-data.ts',
    line: "typeof seconds !== 'number' ||",
    replacement: 'false',
    why: 'what is no number is no whole number either',
  },
  {
    file: 'packages/core/src/custom-data.ts',
    line: 'for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);',
    replacement: 'index <= text.length',
    why: 'behind its end nothing can be written into an array of bytes',
  },
  {
    file: 'packages/core/src/deadline.ts',
    line: 'default:',
    replacement: 'default:',
    why: 'the compiler shows that no value gets there',
  },
  {
    file: 'packages/core/src/decide.ts',
    line: 'default:',
    replacement: 'default:',
    why: 'the compiler shows that no value gets there',
  },
  {
    file: 'packages/core/src/fit.ts',
    line: 'if (mostBytes(progress) <= limits.progressBytes || storedBytes(progress) <= limits.progressBytes) return progress;',
    replacement: 'false',
    why: 'a shortcut: measuring gives the same',
  },
  {
    file: 'packages/core/src/fit.ts',
    line: 'if (mostBytes(progress) <= limits.progressBytes || storedBytes(progress) <= limits.progressBytes) return progress;',
    replacement: 'mostBytes(progress) < limits.progressBytes',
    why: 'a shortcut: measuring gives the same',
  },
  {
    file: 'packages/core/src/fit.ts',
    line: 'if (storedBytes(fitted) <= limits.progressBytes) return fitted;',
    replacement: 'false',
    why: 'where nothing is in excess no counter is given up',
  },
  {
    file: 'packages/core/src/fit.ts',
    line: 'if (storedBytes(fitted) <= limits.progressBytes) return fitted;',
    replacement: 'storedBytes(fitted) < limits.progressBytes',
    why: 'where nothing is in excess no counter is given up',
  },
  {
    file: 'packages/core/src/fit.ts',
    line: '}: Progress): number {',
    replacement: '{}',
    why: 'without a cheap estimate it is measured, which gives the same',
  },
  {
    file: 'packages/core/src/foresee.ts',
    line: 'const operations = decision.operations.slice(0, foreseenCalls + 1 - calls.length);',
    replacement: 'decision.operations',
    why: 'it bounds the work: only the first hundred are told, and whether there are more',
  },
  {
    file: 'packages/core/src/foresee.ts',
    line: 'const operations = decision.operations.slice(0, foreseenCalls + 1 - calls.length);',
    replacement: 'foreseenCalls + 1 + calls.length',
    why: 'it bounds the work: only the first hundred are told, and whether there are more',
  },
  {
    file: 'packages/core/src/front.ts',
    line: 'const waitsFor: number[] = new Array(order.length).fill(0);',
    replacement: 'new Array()',
    why: 'each step is given its number in the loop below',
  },
  {
    file: 'packages/core/src/json-text.ts',
    line: 'for (let at = 0; at < text.length; at += 1) {',
    replacement: 'at <= text.length',
    why: 'behind the end there is no character that counts',
  },
  {
    file: 'packages/core/src/json-text.ts',
    line: "while (end !== -1 && isEscaped(text, end)) end = text.indexOf('\"', end + 1);",
    replacement: 'true',
    why: 'before the beginning there is no backslash',
  },
  {
    file: 'packages/core/src/json-text.ts',
    line: "while (end !== -1 && isEscaped(text, end)) end = text.indexOf('\"', end + 1);",
    replacement: '+1',
    why: 'before the beginning there is no backslash',
  },
  {
    file: 'packages/core/src/json-text.ts',
    line: 'return (at - first) % 2 === 1;',
    replacement: 'at + first',
    why: 'a sum and a difference are both even or both odd',
  },
  {
    file: 'packages/core/src/operator.ts',
    line: 'default:',
    replacement: 'default:',
    why: 'the compiler shows that no value gets there',
  },
  {
    file: 'packages/core/src/plan.ts',
    line: 'if (options.timeoutToFailMs > 0 && options.timeoutToFailMs < defaults.retryIntervalMs) return options.timeoutToFailMs;',
    replacement: 'options.timeoutToFailMs <= defaults.retryIntervalMs',
    why: 'where both are the same it does not matter which is taken',
  },
  {
    file: 'packages/core/src/step-order.ts',
    line: "if (customData === '') return orderOf(steps, false);",
    replacement: 'false',
    why: 'a shortcut: reading it gives the same',
  },
  {
    file: 'packages/core/src/step-order.ts',
    line: 'if (customData.length > longCharacters) return readOrder(steps, customData);',
    replacement: 'false',
    why: 'how much is remembered changes only what it costs',
  },
  {
    file: 'packages/core/src/step-order.ts',
    line: 'if (customData.length > longCharacters) return readOrder(steps, customData);',
    replacement: 'customData.length >= longCharacters',
    why: 'how much is remembered changes only what it costs',
  },
  {
    file: 'packages/core/src/step-order.ts',
    line: `return (customData.length > usualCharacters ? longSagas : usualSagas).of(\`\${steps}:\${customData}\`);`,
    replacement: 'true',
    why: 'how much is remembered changes only what it costs',
  },
  {
    file: 'packages/core/src/step-order.ts',
    line: `return (customData.length > usualCharacters ? longSagas : usualSagas).of(\`\${steps}:\${customData}\`);`,
    replacement: 'customData.length >= usualCharacters',
    why: 'how much is remembered changes only what it costs',
  },
  {
    file: 'packages/core/src/step-order.ts',
    line: 'const usualSagas = new Recent(readKey, { count: 256, characters: usualCharacters + 8 });',
    replacement: '{}',
    why: 'how much is remembered changes only what it costs',
  },
  {
    file: 'packages/core/src/step-order.ts',
    line: 'const usualSagas = new Recent(readKey, { count: 256, characters: usualCharacters + 8 });',
    replacement: 'usualCharacters - 8',
    why: 'how much is remembered changes only what it costs',
  },
  {
    file: 'packages/core/src/step-order.ts',
    line: 'const longSagas = new Recent(readKey, { count: 4, characters: longCharacters + 8 });',
    replacement: 'longCharacters - 8',
    why: 'how much is remembered changes only what it costs',
  },
  {
    file: 'packages/core/src/table.ts',
    line: 'for (let from = 0; from < values.length; from += chunkMask + 1) {',
    replacement: 'from <= values.length',
    why: 'behind the end there is a chunk without entries, which is none',
  },
  {
    file: 'packages/server/src/engine/creation.ts',
    line: 'const steps = topicsOf(asked.steps).length === 0 ? asked.steps : await this.#expanded(asked);',
    replacement: 'false',
    why: 'a shortcut: steps that name no topic expand to themselves',
  },
  {
    file: 'packages/server/src/engine/creation.ts',
    line: 'const isKnown = incarnation.actor(asked.gid) !== undefined || incarnation.prepared.isStored(asked.gid);',
    replacement: 'false',
    why: 'a shortcut: what exists is found by the write that would create it',
  },
  {
    file: 'packages/server/src/engine/creation.ts',
    line: 'const isKnown = incarnation.actor(asked.gid) !== undefined || incarnation.prepared.isStored(asked.gid);',
    replacement: 'incarnation.actor(asked.gid) !== undefined && incarnation.prepared.isStored(asked.gid)',
    why: 'a shortcut: what exists is found by the write that would create it',
  },
  {
    file: 'packages/server/src/engine/creation.ts',
    line: 'if (isKnown) return this.#context.changes.change(asked.gid, rule, wake);',
    replacement: 'false',
    why: 'a shortcut: what exists is found by the write that would create it',
  },
  {
    file: 'packages/server/src/engine/creation.ts',
    line: 'if (incarnation.actor(definition.gid) !== undefined) return undefined;',
    replacement: 'false',
    why: 'a shortcut: what exists is found by the write that would create it',
  },
  {
    file: 'packages/server/src/engine/registration.ts',
    line: 'default:',
    replacement: 'default:',
    why: 'the compiler shows that no value gets there',
  },
  {
    file: 'packages/server/src/engine/actor.ts',
    line: 'default:',
    replacement: 'default:',
    why: 'the compiler shows that no value gets there',
  },
];
