"""The worker under thousands of jobs and every fault that the fake RunPod can make: nothing lost, doubled or stuck."""
