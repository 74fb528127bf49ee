// Operators that are known and not supported, with the reason.
import { defineRule } from '../rule.ts';

const Recurrent = defineRule(
  ['...inputs'],
  {
    activation_alpha: 'floats',
    activation_beta: 'floats',
    activations: 'strings',
    clip: 'float',
    direction: 'string',
    hidden_size: 'int',
    input_forget: 'int',
    layout: 'int',
    linear_before_reset: 'int',
    output_sequence: 'int',
  },
  (_, _attributes, at) => at.refuse('recurrent layers are not supported'),
);

export { Recurrent as RNN, Recurrent as LSTM, Recurrent as GRU };
