using System.Runtime.CompilerServices;

namespace Nub.Memory.Touches;

// A type of each size, to be read and written as a value.

[InlineArray(1)]
internal struct B1
{
    private byte _first;
}

[InlineArray(2)]
internal struct B2
{
    private byte _first;
}

[InlineArray(3)]
internal struct B3
{
    private byte _first;
}

[InlineArray(4)]
internal struct B4
{
    private byte _first;
}

[InlineArray(5)]
internal struct B5
{
    private byte _first;
}

[InlineArray(6)]
internal struct B6
{
    private byte _first;
}

[InlineArray(7)]
internal struct B7
{
    private byte _first;
}

[InlineArray(8)]
internal struct B8
{
    private byte _first;
}

[InlineArray(9)]
internal struct B9
{
    private byte _first;
}

[InlineArray(10)]
internal struct B10
{
    private byte _first;
}

[InlineArray(11)]
internal struct B11
{
    private byte _first;
}

[InlineArray(12)]
internal struct B12
{
    private byte _first;
}

[InlineArray(13)]
internal struct B13
{
    private byte _first;
}

[InlineArray(14)]
internal struct B14
{
    private byte _first;
}

[InlineArray(15)]
internal struct B15
{
    private byte _first;
}

[InlineArray(16)]
internal struct B16
{
    private byte _first;
}

[InlineArray(17)]
internal struct B17
{
    private byte _first;
}

[InlineArray(18)]
internal struct B18
{
    private byte _first;
}

[InlineArray(19)]
internal struct B19
{
    private byte _first;
}

[InlineArray(20)]
internal struct B20
{
    private byte _first;
}

[InlineArray(21)]
internal struct B21
{
    private byte _first;
}

[InlineArray(22)]
internal struct B22
{
    private byte _first;
}

[InlineArray(23)]
internal struct B23
{
    private byte _first;
}

[InlineArray(24)]
internal struct B24
{
    private byte _first;
}

[InlineArray(25)]
internal struct B25
{
    private byte _first;
}

[InlineArray(26)]
internal struct B26
{
    private byte _first;
}

[InlineArray(27)]
internal struct B27
{
    private byte _first;
}

[InlineArray(28)]
internal struct B28
{
    private byte _first;
}

[InlineArray(29)]
internal struct B29
{
    private byte _first;
}

[InlineArray(30)]
internal struct B30
{
    private byte _first;
}

[InlineArray(31)]
internal struct B31
{
    private byte _first;
}

[InlineArray(32)]
internal struct B32
{
    private byte _first;
}

[InlineArray(33)]
internal struct B33
{
    private byte _first;
}

[InlineArray(34)]
internal struct B34
{
    private byte _first;
}

[InlineArray(35)]
internal struct B35
{
    private byte _first;
}

[InlineArray(36)]
internal struct B36
{
    private byte _first;
}

[InlineArray(37)]
internal struct B37
{
    private byte _first;
}

[InlineArray(38)]
internal struct B38
{
    private byte _first;
}

[InlineArray(39)]
internal struct B39
{
    private byte _first;
}

[InlineArray(40)]
internal struct B40
{
    private byte _first;
}

[InlineArray(41)]
internal struct B41
{
    private byte _first;
}

[InlineArray(42)]
internal struct B42
{
    private byte _first;
}

[InlineArray(43)]
internal struct B43
{
    private byte _first;
}

[InlineArray(44)]
internal struct B44
{
    private byte _first;
}

[InlineArray(45)]
internal struct B45
{
    private byte _first;
}

[InlineArray(46)]
internal struct B46
{
    private byte _first;
}

[InlineArray(47)]
internal struct B47
{
    private byte _first;
}

[InlineArray(48)]
internal struct B48
{
    private byte _first;
}

[InlineArray(49)]
internal struct B49
{
    private byte _first;
}

[InlineArray(50)]
internal struct B50
{
    private byte _first;
}

[InlineArray(51)]
internal struct B51
{
    private byte _first;
}

[InlineArray(52)]
internal struct B52
{
    private byte _first;
}

[InlineArray(53)]
internal struct B53
{
    private byte _first;
}

[InlineArray(54)]
internal struct B54
{
    private byte _first;
}

[InlineArray(55)]
internal struct B55
{
    private byte _first;
}

[InlineArray(56)]
internal struct B56
{
    private byte _first;
}

[InlineArray(57)]
internal struct B57
{
    private byte _first;
}

[InlineArray(58)]
internal struct B58
{
    private byte _first;
}

[InlineArray(59)]
internal struct B59
{
    private byte _first;
}

[InlineArray(60)]
internal struct B60
{
    private byte _first;
}

[InlineArray(61)]
internal struct B61
{
    private byte _first;
}

[InlineArray(62)]
internal struct B62
{
    private byte _first;
}

[InlineArray(63)]
internal struct B63
{
    private byte _first;
}

[InlineArray(64)]
internal struct B64
{
    private byte _first;
}

[InlineArray(65)]
internal struct B65
{
    private byte _first;
}

[InlineArray(100)]
internal struct B100
{
    private byte _first;
}

[InlineArray(127)]
internal struct B127
{
    private byte _first;
}

[InlineArray(128)]
internal struct B128
{
    private byte _first;
}

[InlineArray(129)]
internal struct B129
{
    private byte _first;
}

[InlineArray(255)]
internal struct B255
{
    private byte _first;
}

[InlineArray(256)]
internal struct B256
{
    private byte _first;
}

[InlineArray(257)]
internal struct B257
{
    private byte _first;
}

[InlineArray(511)]
internal struct B511
{
    private byte _first;
}

[InlineArray(512)]
internal struct B512
{
    private byte _first;
}

[InlineArray(513)]
internal struct B513
{
    private byte _first;
}

[InlineArray(700)]
internal struct B700
{
    private byte _first;
}

[InlineArray(1024)]
internal struct B1024
{
    private byte _first;
}

[InlineArray(4096)]
internal struct B4096
{
    private byte _first;
}

[InlineArray(5000)]
internal struct B5000
{
    private byte _first;
}
