namespace Nub.Kvm;

// From what the kernel wrote to the shared page to a VmExit. Each byte of the page is read once, and judged on the private copy: the page is shared.
public sealed partial class VirtualProcessor
{
    private VmExit ReadExit()
    {
        uint reason = _page.Read<uint>(RunPage.ExitReason);
        return reason switch
        {
            RunPage.ExitIo => ReadIo(),
            RunPage.ExitMmio => ReadMmio(),
            RunPage.ExitHalt => new VmExit(this, VmExitReason.Halt, reason),
            RunPage.ExitShutdown => new VmExit(this, VmExitReason.Shutdown, reason),
            RunPage.ExitFailEntry => new VmExit(this, VmExitReason.FailedEntry, reason) { Detail = _page.Read<ulong>(RunPage.Detail) },
            RunPage.ExitInternalError => new VmExit(this, VmExitReason.InternalError, reason) { Detail = _page.Read<uint>(RunPage.Detail) },
            RunPage.ExitSystemEvent => new VmExit(this, VmExitReason.SystemEvent, reason) { Detail = _page.Read<uint>(RunPage.Detail) },
            RunPage.ExitDebug => new VmExit(this, VmExitReason.Debug, reason),
            _ => new VmExit(this, VmExitReason.Unknown, reason) { Detail = _page.Read<ulong>(RunPage.Detail) },
        };
    }

    private VmExit ReadIo()
    {
        byte direction = _page.Read<byte>(RunPage.IoDirection);
        byte size = _page.Read<byte>(RunPage.IoSize);
        ushort port = _page.Read<ushort>(RunPage.IoPort);
        uint count = _page.Read<uint>(RunPage.IoCount);
        ulong offset = _page.Read<ulong>(RunPage.IoDataOffset);

        // A product of 32 and 8 bits fits 64 bits.
        ulong length = (ulong)count * size;
        if (length > MostData || offset > _page.Size - length)
        {
            throw Damaged($"{count} items of {size} bytes at offset {offset}");
        }

        TakeData(direction == 0, offset, (int)length);
        return new VmExit(this, direction == 0 ? VmExitReason.IoIn : VmExitReason.IoOut, RunPage.ExitIo, (int)length)
        {
            Port = port,
            Size = size,
            Count = (int)count,
        };
    }

    private VmExit ReadMmio()
    {
        ulong address = _page.Read<ulong>(RunPage.MmioAddress);
        uint length = _page.Read<uint>(RunPage.MmioLength);
        bool isRead = _page.Read<byte>(RunPage.MmioIsWrite) == 0;
        if (length > sizeof(ulong))
        {
            throw Damaged($"{length} bytes of MMIO");
        }

        TakeData(isRead, RunPage.MmioData, (int)length);
        return new VmExit(this, isRead ? VmExitReason.MmioRead : VmExitReason.MmioWrite, RunPage.ExitMmio, (int)length)
        {
            Address = address,
            Size = (int)length,
            Count = 1,
        };
    }

    // KVM_RUN has failed with EFAULT: the pages behind a slot are not to be had.
    private VmExit ReadFault()
    {
        uint reason = _page.Read<uint>(RunPage.ExitReason);
        return new VmExit(this, VmExitReason.MemoryFault, reason)
        {
            // The kernel says where only if it says the reason too (KVM_CAP_MEMORY_FAULT_INFO).
            Address = reason == RunPage.ExitMemoryFault ? _page.Read<ulong>(RunPage.MemoryFaultAddress) : 0,
        };
    }

    private void TakeData(bool isRead, ulong offset, int length)
    {
        Span<byte> data = _data.AsSpan(0, length);
        if (isRead)
        {
            data.Clear();
            _answerOffset = offset;
            _answerLength = length;
        }
        else
        {
            _page.CopyTo(offset, data);
        }
    }

    private KvmException Damaged(string what) =>
        new(Requests.Run.Name, 0, $"the shared page of virtual processor {Id} tells of {what}, which cannot be: somebody else writes it");
}
