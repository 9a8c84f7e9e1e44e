using VirtualEmFs.Codecs;
using VirtualEmFs.Codecs.Inflating;
using Xunit;

namespace VirtualEmFs.Tests.Codecs;

public sealed class DecoderCheckTests
{
    /// <summary>A check that fails on a sound machine would keep every mount from starting.</summary>
    [Fact]
    public void Run_OnThisMachine_Passes()
    {
        DecoderCheck.Run();
        Assert.Equal(System.Runtime.Intrinsics.X86.Bmi2.X64.IsSupported, PairInflater.IsSupported);
    }
}
