using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VirtualEmFs.Frames.Kernels;

/// <summary>Which form of the sample kernels runs; every form gives the same bits.</summary>
public enum KernelPath
{
    /// <summary>One sample at a time: the twin that the others are tested against.</summary>
    Scalar,

    /// <summary>Four float32 lanes (SSE2, AdvSimd).</summary>
    Vector128,

    /// <summary>Eight float32 lanes (AVX2).</summary>
    Vector256,
}

/// <summary>Chooses the <see cref="KernelPath"/> of the process.</summary>
public static class KernelPaths
{
    /// <summary>Environment variable that forces a path by name.</summary>
    public const string Variable = "VEMFS_KERNEL";

    /// <summary>
    /// The path that kernels take unless told otherwise: the widest that the processor has, or what <see cref="Variable"/> names.
    /// </summary>
    /// <remarks>Vector256 and no wider: the kernels run at the speed of the stores, and 512-bit lanes gained nothing from L2.</remarks>
    public static KernelPath Chosen { get; } = Choose(Environment.GetEnvironmentVariable(Variable));

    /// <summary>True when this processor can run a path.</summary>
    public static bool IsSupported(KernelPath path) => path switch
    {
        KernelPath.Vector256 => Vector256.IsHardwareAccelerated && Avx2.IsSupported,
        KernelPath.Vector128 => Vector128.IsHardwareAccelerated,
        _ => true,
    };

    /// <summary>The path for a wish: a name that is unknown or not supported here gives the widest that is no wider.</summary>
    internal static KernelPath Choose(string? wish)
    {
        var path = Enum.TryParse(wish, ignoreCase: true, out KernelPath named) && Enum.IsDefined(named)
            ? named
            : KernelPath.Vector256;
        while (!IsSupported(path))
        {
            path--;
        }

        return path;
    }
}
