// The live operations of one parent: what a call's end concerns.
import { shardsOf } from '../domain/keys.ts';
import type { Kind, Operation } from '../domain/operation.ts';
import type { ReadListPage } from './list-operations.ts';

export type FindByParent = (kind: Kind, parentId: string) => Promise<readonly Operation[]>;

export type FindByParentPorts = { readonly readListPage: ReadListPage; readonly shardCount: number };

const pageSize = 100;

export function createFindByParent(ports: FindByParentPorts): FindByParent {
  return async function findByParent(kind, parentId) {
    const filter = { states: null, parentId, label: null, operationId: null };
    const found: Operation[] = [];
    for (const shard of shardsOf(kind, ports.shardCount)) {
      let afterKey: string | null = null;
      do {
        const page: Awaited<ReturnType<ReadListPage>> = await ports.readListPage(shard, {
          phase: 'live',
          filter,
          afterKey,
          top: pageSize,
        });
        found.push(...page.operations);
        afterKey = page.next;
      } while (afterKey !== null);
    }
    return found;
  };
}
