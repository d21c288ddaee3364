import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compactJson, int64Of, NumberText, parseExact } from './exact-json.ts';

describe('parseExact', () => {
  it('writes every number back as it was spelled', () => {
    for (const text of ['[12345678901234567890,1e999,-0,1.50,1E5,0.1,-7]', '{"a":{"b":[1.0]}}']) {
      assert.equal(compactJson(parseExact(text)), text);
    }
  });
  it('leaves ordinary values alone', () => {
    assert.deepEqual(parseExact('{"a":[1,"x",null,true,1.5]}'), { a: [1, 'x', null, true, 1.5] });
  });
});

describe('int64Of', () => {
  it('holds what fits, exactly', () => {
    assert.equal(int64Of(new NumberText('9223372036854775807')), 2n ** 63n - 1n);
    assert.equal(int64Of(new NumberText('-9223372036854775808')), -(2n ** 63n));
    assert.equal(int64Of(new NumberText('9007199254740993')), 9007199254740993n);
    assert.equal(int64Of(new NumberText('9007199254740993.0')), 9007199254740993n);
    assert.equal(int64Of(1.5), 2n);
    assert.equal(int64Of(new NumberText('1.50')), 2n);
    assert.equal(int64Of(-0), 0n);
  });
  it('has nothing for what does not', () => {
    for (const text of ['9223372036854775808', '-9223372036854775809', '1e19', '1e999', '99999999999999999999']) {
      assert.equal(int64Of(new NumberText(text)), undefined, text);
    }
    assert.equal(int64Of(Number.POSITIVE_INFINITY), undefined);
    assert.equal(int64Of(Number.NaN), undefined);
  });
});
