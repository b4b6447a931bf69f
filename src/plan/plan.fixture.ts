import { isStrataError } from '../base/index.ts';
import type { StrataError } from '../base/index.ts';
import type { RunDefinition, StepDefinition, TaskDefinition } from './definition.ts';
import { readRunFile } from './run-file.ts';

export const readOne = async (text: string): Promise<RunDefinition> =>
  (await readRunFile(text, 'run.yml')).runs[0]!;

export async function refusal(text: string): Promise<StrataError> {
  const error: unknown = await readRunFile(text, 'run.yml').then(JSON.stringify, (reason: unknown) => reason);
  if (!isStrataError(error)) throw new Error(`not refused as it should be: ${String(error)}`);
  return error;
}

/** A file of one run with these tasks, each in YAML's flow style. */
export const tasksFile = (...tasks: string[]): string =>
  `runs:\n  - name: r\n    tasks:\n${tasks.map((task) => `      - ${task}\n`).join('')}`;

export const task = async (text: string): Promise<TaskDefinition> =>
  (await readOne(tasksFile(text))).tasks[0]!;

export const step = async (text: string): Promise<StepDefinition> =>
  (await task(`{ name: t, runtime: { containers: [{ image: i }] }, steps: [${text}] }`)).steps[0]!;

/** A project in Go, as people who come from Agola have it. */
export const GO_PROJECT = `
version: v0

runs:
  - name: shop
    when:
      branch: { exclude: /^wip-/, include: /.*/ }
      tag: /.*/
    tasks:
      - name: lint
        runtime:
          type: pod
          containers:
            - image: golangci/golangci-lint:v1.60
        steps:
          - clone:
          - run: golangci-lint run
        ignore_failure: true

      - name: build go 1.22 amd64
        runtime:
          type: pod
          arch: amd64
          containers:
            - image: golang:1.22
              environment: { GOFLAGS: -mod=readonly }
              volumes:
                - path: /scratch
                  tmpfs: { size: 512Mi }
            - image: postgres:16
              environment:
                POSTGRES_PASSWORD: { from_variable: pg_password }
        environment:
          GO: 1.20
          CGO_ENABLED: 0
          VERBOSE: true
        task_timeout_interval: 1h30m
        steps:
          - clone: { depth: 1 }
          - restore_cache:
              keys:
                - go-sum-{{ md5sum "go.sum" }}
                - go-
              dest_dir: /go/pkg/mod/cache
          - run:
              name: build
              command: |
                make build
                make check
              environment: { TARGET: amd64 }
          - save_cache:
              key: go-sum-{{ md5sum "go.sum" }}
              contents:
                - source_dir: /go/pkg/mod/cache
          - save_to_workspace:
              contents:
                - source_dir: ./bin/
                  dest_dir: /amd64/
                  paths: ['*', '!debug', '.config/**']

      - name: build go 1.22 arm64
        runtime: { type: pod, arch: arm64, containers: [{ image: 'golang:1.22' }] }
        steps:
          - type: clone
          - { type: run, command: make build }
          - { type: save_to_workspace, contents: [{ source_dir: bin, dest_dir: arm64 }] }

      - name: test amd64
        runtime: { arch: amd64, containers: [{ image: 'debian:12' }] }
        depends: [build go 1.22 amd64]
        steps:
          - restore_workspace: { dest_dir: . }
          - run: ./amd64/shop -test

      - name: test arm64
        runtime: { arch: arm64, containers: [{ image: 'debian:12' }] }
        depends:
          - build go 1.22 arm64
        steps:
          - restore_workspace:
          - run: ./arm64/shop -test

      - name: report
        runtime: { containers: [{ image: 'debian:12' }] }
        depends:
          - test amd64: [on_success, on_failure]
          - task: test arm64
            conditions: [on_failure]
        steps:
          - run: ./report

      - name: deploy
        runtime: { type: host, labels: [docker] }
        approval: true
        when:
          tag: /^v\\d+\\.\\d+$/
        environment:
          TOKEN: { from_variable: deploy_token }
        depends: [lint, test amd64, test arm64]
        steps:
          - restore_workspace:
              on_conflict: { prefer: [build go 1.22 arm64] }
              tasks: [build go 1.22 amd64, build go 1.22 arm64]
              paths: ['**/shop']
          - run: ./deploy
`;
