"""How sure a mixture is: bootstrap of its parameters, test of its size, merged components."""
