using VirtualEmFs.Benchmarks;
using VirtualEmFs.Benchmarks.Compressing;
using VirtualEmFs.Benchmarks.Inflating;
using VirtualEmFs.Benchmarks.Kernels;
using VirtualEmFs.Benchmarks.Mounting;
using VirtualEmFs.Benchmarks.Movies;
using VirtualEmFs.Benchmarks.Writing;

// Each measurement prints its own table; without a name they run one after the other.
var benchmarks = new Dictionary<string, Action>
{
    ["inflate"] = InflateBench.Run,
    ["kernels"] = KernelBench.Run,
    ["mount"] = MountBench.Run,
    ["compression"] = CompressionBench.Run,
    ["compress"] = CompressCommandBench.Run,
    ["movies"] = TiffBench.Run,
    ["write"] = WriteBench.Run,
};
if (args.Length > 1 || (args.Length == 1 && !benchmarks.ContainsKey(args[0])))
{
    Console.Error.WriteLine($"usage: tests/bench [{string.Join(" | ", benchmarks.Keys)}]");
    return 2;
}

Console.WriteLine(Machine.Describe());
foreach (Action benchmark in args.Length == 1 ? [benchmarks[args[0]]] : benchmarks.Values.ToArray())
{
    benchmark();
}

return 0;
