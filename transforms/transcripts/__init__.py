"""Write down what is said in each clip."""
