using System.Runtime.InteropServices;

namespace VirtualEmFs.Benchmarks;

/// <summary>What the figures were measured on: they mean nothing without it.</summary>
internal static class Machine
{
    public static string Describe()
    {
        string processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) ?? ": unknown";
        return $"{processor[(processor.IndexOf(':') + 2)..]}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}";
    }
}
