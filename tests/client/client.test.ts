// A client made from the document by openapi-typescript: it is compiled against the types, and makes real calls.
import assert from 'node:assert/strict';
import test from 'node:test';

import createClient from 'openapi-fetch';

import type { components, paths } from './built/schema.js';

const api = createClient<paths>({
  baseUrl: process.env.API,
  headers: { Authorization: `Bearer ${process.env.TOKEN}`, 'organization-id': process.env.ORG },
});

test('a lead is opened, found and shown', async () => {
  const sent: components['schemas']['NewLead'] = {
    first_name: 'Maria',
    last_name: 'Okafor',
    email: 'maria@okafor.example',
    opportunity_amount: 75000,
    tags: ['Client test'],
  };
  const opened = await api.POST('/api/leads/', { body: sent });

  assert.equal(opened.response.status, 201);
  const lead: components['schemas']['Lead'] | undefined = opened.data;
  assert.equal(lead?.opportunity_amount, '75000.00');

  const list = await api.GET('/api/leads/', { params: { query: { search: 'okafor', status: ['assigned'], limit: 1 } } });
  const leads = list.data as components['schemas']['Leads']; // or a text, with `format=csv`
  assert.equal(leads.open_leads[0]?.id, lead?.id);

  const detail = await api.GET('/api/leads/{pk}/', { params: { path: { pk: lead!.id } } });
  assert.deepEqual(detail.data?.lead_obj.tags, ['Client test']);
});

test('an error has the shape that the types say', async () => {
  const refused = await api.POST('/api/leads/', { body: { first_name: 'Maria', last_name: ' ' } });

  assert.equal(refused.response.status, 400);
  const error = refused.error as components['schemas']['Error'];
  assert.deepEqual(Object.keys(error.errors), ['last_name']);
});
