import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { STRATA, openCommandLine } from './command-line.fixture.ts';

const { base, options, strata, answer, failure, write } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe('config check', () => {
  it('[C22] what it comes to', () => {
    expect(strata('config', 'check').stdout).toMatch(
      /^There is no configuration file: .*\nhome +.*\nstore +.*\/home\/store\n/,
    );
    write('good.yaml', 'storage: { workspace: { retention: { min: 36h } } }');
    expect(answer('config', 'check', '--config', 'good.yaml')).toMatchObject({
      file: join(base, 'good.yaml'),
      storage: { provider: 'local', workspace: { retention: { min: 129_600_000 } } },
    });
    expect(strata('config', 'check', '--config', 'good.yaml').stdout).toContain(
      '(at least 1.5 days, at most 30 days)',
    );
    write('short.yaml', 'storage: { workspace: { retention: { min: 1s, default: 90m, max: 4h } } }');
    expect(strata('config', 'check', '--config', 'short.yaml').stdout).toContain(
      '90 minutes (at least 1 second, at most 4 hours)',
    );
    write(
      'runs.yaml',
      'runs: { retention: 2d }\nexecutors: [{ name: a, type: host, arch: arm64, labels: [gpu] }]',
    );
    expect(strata('config', 'check', '--config', 'runs.yaml').stdout).toMatch(
      /\nruns +layers stay 2 days after the end\nexecutors +a \(host, arm64, gpu, 1 slot\)\n/,
    );
  });

  it('[C22] all that is wrong', () => {
    write('bad.yaml', 'storage:\n  provder: s3\n  workspace:\n    default_quota_mb: 20GB\n');
    const { status, stdout, stderr } = strata('config', 'check', '--config', 'bad.yaml');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(
      'error: bad.yaml:2:3: unknown key storage.provder (did you mean storage.provider?)\n' +
        'bad.yaml:4:23: storage.workspace.default_quota_mb must be a whole number of MB, at least 1: 10240 is 10 GB\n' +
        'hint: Correct the file; nothing was changed.\n',
    );
    expect(failure('workspaces', 'list', '--config', 'bad.yaml')).toMatchObject({ status: 2 });
  });

  it('[C22] a bucket, as other tools write it', () => {
    write(
      's3.yaml',
      "storage: { provider: s3, s3: { bucket: b, prefix: p, endpoint: 'http://127.0.0.1:1' } }",
    );
    expect(strata('config', 'check', '--config', 's3.yaml')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^store +s3:\/\/b\/p at http:\/\/127.0.0.1:1$/m),
      stderr: '',
    });
    write(
      's3.yaml',
      'storage: { provider: s3, s3: { bucket: b, region: r, ca_file: ca.pem }, limits: { requests: 7, upload_mb_per_second: 3 } }',
    );
    const env = { ...options.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:2' };
    const { stdout } = spawnSync(STRATA, ['config', 'check', '--config', 's3.yaml'], {
      ...options,
      env,
      encoding: 'utf8',
    });
    expect(stdout).toMatch(
      /^store +s3:\/\/b\/, at what \$AWS_ENDPOINT_URL says, region r, trusting \/.*\/ca.pem$/m,
    );
    expect(stdout).toMatch(/^limits +7 requests at a time, up 3 MB\/s, tried again for 2 minutes$/m);
  });
});
