"""The worker under thousands of jobs and every fault that the fake of RunPod can make: nothing lost, doubled or stuck."""
