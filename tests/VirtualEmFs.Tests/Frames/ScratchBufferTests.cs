using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Frames;

public sealed class ScratchBufferTests
{
    private const int Kept = 1 << 16;

    private readonly SpareMemory _spare = new(mostBytes: 1 << 20);

    /// <summary>What a long piece needed goes to the next long piece, of whichever thread: it is not allocated anew.</summary>
    [Fact]
    public void Borrow_AfterAnotherBufferWasTrimmed_TakesItsMemory()
    {
        using var first = new ScratchBuffer(_spare);
        using var second = new ScratchBuffer(_spare);
        nint address = AddressOf(first.Borrow(500_000));

        first.TrimTo(Kept);
        Assert.Equal(0, first.CapacityBytes);
        Assert.InRange(_spare.SpareBytes, 500_000, 600_000);

        Assert.Equal(address, AddressOf(second.Borrow(400_000)));
        Assert.InRange(second.CapacityBytes, 500_000, 600_000);
        Assert.Equal(0, _spare.SpareBytes);
    }

    /// <summary>Two buffers never hold the same memory, whoever trims when.</summary>
    [Fact]
    public void Borrow_ByTwoAfterOneWasTrimmed_GivesEachItsOwn()
    {
        using var first = new ScratchBuffer(_spare);
        using var second = new ScratchBuffer(_spare);
        first.Borrow(500_000);
        first.TrimTo(Kept);
        first.TrimTo(Kept);

        nint address = AddressOf(second.Borrow(500_000));
        Assert.NotEqual(address, AddressOf(first.Borrow(500_000)));
    }

    [Fact]
    public void TrimTo_BufferThatIsNotLonger_KeepsItsMemory()
    {
        using var buffer = new ScratchBuffer(_spare);
        nint address = AddressOf(buffer.Borrow(Kept));

        buffer.TrimTo(Kept);

        Assert.Equal(address, AddressOf(buffer.Borrow(Kept)));
        Assert.Equal(0, _spare.SpareBytes);
    }

    /// <summary>A short buffer must not sit on the memory of a long one.</summary>
    [Fact]
    public void Borrow_OfFarLess_LeavesTheSpareMemory()
    {
        using var first = new ScratchBuffer(_spare);
        using var second = new ScratchBuffer(_spare);
        first.Borrow(1 << 20);
        first.TrimTo(Kept);

        second.Borrow(Kept);

        Assert.Equal(Kept, second.CapacityBytes);
        Assert.Equal(1 << 20, _spare.SpareBytes);
    }

    /// <summary>What is kept has a limit: what is too long for it, or has been spare longest, is freed.</summary>
    [Fact]
    public void TrimTo_BeyondTheLimit_FreesWhatHasBeenSpareLongest()
    {
        using var first = new ScratchBuffer(_spare);
        using var second = new ScratchBuffer(_spare);
        using var third = new ScratchBuffer(_spare);
        first.Borrow(10 << 16);
        second.Borrow(8 << 16);
        third.Borrow(2 << 20);

        first.TrimTo(Kept);
        second.TrimTo(Kept);
        Assert.Equal(8 << 16, _spare.SpareBytes);

        third.TrimTo(Kept);
        Assert.Equal(0, third.CapacityBytes);
        Assert.Equal(8 << 16, _spare.SpareBytes);
    }

    private static unsafe nint AddressOf(Span<byte> memory) => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(memory));
}
