/** The Dockerfile against what it copies and runs; no container engine runs here. */

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const root = join(import.meta.dirname, '../..');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8').replace(/\\\n\s*/g, '');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const stages = dockerfile.split(/^FROM /m).slice(1);
const last = stages.at(-1)!;
/** What the image takes from the folder of the project. */
const copied = [...last.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths]) =>
  paths!.split(' '),
);
const json = (instruction: string): string[] =>
  JSON.parse(new RegExp(`^${instruction} .*?(\\[.*\\])$`, 'm').exec(last)![1]!) as string[];

describe('Dockerfile', () => {
  test('every stage has the Node that package.json names', () => {
    const images = stages.map((stage) => stage.split(/\s/)[0]!);
    const image = `\${IMAGE_PREFIX}node:${packageJson.dependencies.node}-slim`;
    expect(images).toEqual(images.map(() => image));
  });

  test('copies what is there, and the context lets it', () => {
    const ignore = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    for (const path of copied) {
      expect(existsSync(join(root, path))).toBe(true);
      expect(ignore).toContain(`!${path.replace('./', '')}`);
    }
  });

  test('does not run as root, and keeps its state where Compose mounts the volume', () => {
    expect(last.indexOf('\nUSER node\n')).toBeGreaterThan(last.lastIndexOf('\nRUN '));
    expect(last).toContain('\nVOLUME /var/lib/onramp\n');
    expect(json('CMD')).toEqual(['gateway', '--data', '/var/lib/onramp', '--lan']);
  });

  test('its health check is a program that runs', () => {
    expect(last).toMatch(/^HEALTHCHECK .*CMD \[/m);
    const [program, flag, script] = /CMD (\["node".*\])$/m
      .exec(last.split('HEALTHCHECK')[1]!.split('\n')[0]!)!
      .slice(1)
      .flatMap((text) => JSON.parse(text) as string[]);
    expect([program, flag]).toEqual(['node', '-e']);
    // Nothing listens on port 1: the check has to fail, not to crash.
    const unreachable = script!.replace(':8080/', ':1/');
    expect(() => execFileSync(process.execPath, ['-e', unreachable], { stdio: 'pipe' })).toThrow(
      expect.objectContaining({ status: 1, stderr: Buffer.alloc(0) }),
    );
  });

  test('the folders it copies are enough to run every command', () => {
    const folder = temporaryFolder();
    const only = copied.filter((path) => !path.endsWith('.json') && path !== '.npmrc');
    for (const path of [...only, 'package.json']) {
      cpSync(join(root, path), join(folder, path), { recursive: true });
    }
    mkdirSync(join(folder, 'node_modules'));
    for (const name of Object.keys(packageJson.dependencies)) {
      const target = join(folder, 'node_modules', name);
      mkdirSync(join(target, '..'), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), target);
    }
    const commands = [
      ['gateway'],
      ['simulate'],
      ['registry', 'import'],
      ['demo'],
      ['dead-letters'],
    ];
    for (const words of commands) {
      const help = execFileSync(process.execPath, ['onramp.ts', ...words, '--help'], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(help).toContain('Usage:');
    }
  });
});
